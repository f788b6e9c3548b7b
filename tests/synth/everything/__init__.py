"""The files of a repository that uses every option of a deployment."""
