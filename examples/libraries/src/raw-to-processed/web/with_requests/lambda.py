import requests

ADDRESS = "https://api.birds.example/masses"


def handler(event, context):
    answer = requests.get(ADDRESS, params={"species": "wren"}, timeout=10)
    answer.raise_for_status()
    return answer.json()
