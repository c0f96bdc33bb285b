"""A typical shop in FastAPI: validated models, a dependency, a lifespan, an awaited service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel, Field


class Item(BaseModel):
    number: int
    name: str = Field(max_length=40)
    pence: int = Field(ge=0)
    tags: list[str] = []


class Basket(BaseModel):
    items: list[Item]
    pence: int


class Stock:
    """The service: it takes a millisecond, like a local cache."""

    def __init__(self) -> None:
        self._items = [Item(number=n, name=f"item {n}", pence=99 + n, tags=["new"] * (n % 3)) for n in range(200)]

    async def find(self, most: int) -> list[Item]:
        await asyncio.sleep(0.001)
        return self._items[:most]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Stock]]:
    yield {"stock": Stock()}


app = FastAPI(lifespan=lifespan)


def stock(request: Request) -> Stock:
    found: Stock = request.state.stock
    return found


@app.get("/basket")
async def basket(source: Annotated[Stock, Depends(stock)], most: Annotated[int, Query(ge=1, le=100)] = 10) -> Basket:
    items = await source.find(most)
    return Basket(items=items, pence=sum(item.pence for item in items))


@app.get("/items/{number}")
async def item(source: Annotated[Stock, Depends(stock)], number: int) -> Item:
    found = await source.find(200)
    if number >= len(found):
        raise HTTPException(404, "no such item")
    return found[number]
