"""A flow for the tests of the stack: it sleeps in a child process."""

import asyncio

from prefect import flow


@flow
async def sleeping(seconds: float = 60) -> str:
    """Sleep in a child that is ended with the flow."""
    child = await asyncio.create_subprocess_exec("sleep", str(seconds), start_new_session=True)
    try:
        await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    return "rested"
