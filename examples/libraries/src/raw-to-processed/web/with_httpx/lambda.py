import httpx

ADDRESS = "https://api.birds.example/masses"


def handler(event, context):
    with httpx.Client() as client:
        answer = client.get(ADDRESS, params={"species": "wren"})
    answer.raise_for_status()
    return answer.json()
