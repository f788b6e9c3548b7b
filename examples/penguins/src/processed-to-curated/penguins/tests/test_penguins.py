"""The means equal those that the authors of the survey published."""

import pytest

# Means by species, from the README of the data's package:
# https://allisonhorst.github.io/palmerpenguins/
MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
PUBLISHED = {
    "Adelie": (38.8, 18.3, 190, 3701),
    "Chinstrap": (48.8, 18.4, 196, 3733),
    "Gentoo": (47.5, 15.0, 217, 5076),
}


@pytest.mark.parametrize("species", PUBLISHED)
def test_the_means_of_a_species_are_as_published(run_pipeline, species):
    result = run_pipeline("processed-to-curated/penguins", example="first")
    assert result.succeeded, result.failure
    [found] = [row for row in result.output["species"] if row["species"] == species]
    length, depth, flipper, mass = (found[measure] for measure in MEASURES)
    assert (length, depth, round(flipper), round(mass)) == PUBLISHED[species]


def test_every_species_island_and_year_is_a_group(run_pipeline):
    result = run_pipeline("processed-to-curated/penguins", example="first")
    assert result.output["groups"] == 15
    assert len(result.lake["curated/penguins/summary.csv"].splitlines()) == 1 + 15
