import asyncio

import aiohttp

ADDRESS = "https://api.birds.example/masses"


def handler(event, context):
    return asyncio.run(ask())


async def ask():
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        async with session.get(ADDRESS, params={"species": "wren"}) as answer:
            return await answer.json()
