"""What comes between a run and its end: a database that goes away, or is full."""

import threading
import time

import psycopg

from chalkola.pipeline.ending import Ended
from chalkola.store.pulls import Claimed
from night import Shop, Silent
from postgres import Server

_FULL_DISK = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON sp_seen_asins EXECUTE FUNCTION full_disk();
    CREATE TRIGGER full_disk BEFORE INSERT ON sp_daily_asin_data EXECUTE FUNCTION full_disk();
"""
_ROOM_AGAIN = "DROP FUNCTION full_disk() CASCADE"


class Stopping(Silent):
    """Stops the database after the second step and starts it again a moment later."""

    def __init__(self, server: Server) -> None:
        self.server, self.steps, self.starter = server, 0, threading.Thread(target=self._start)

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        self.steps += 1
        if self.steps == 2:
            self.server.stop()
            self.starter.start()

    def _start(self) -> None:
        time.sleep(1)
        self.server.start()


class Filling(Silent):
    """Lets the database say that its disk is full, from the second answer on."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.loaded = shop, 0

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        self.loaded += ended is not None
        if self.loaded == 2:
            self._execute(_FULL_DISK)

    def make_room(self) -> None:
        """Let it write again."""
        self._execute(_ROOM_AGAIN)

    def _execute(self, statements: str) -> None:
        with psycopg.connect(self.shop.url, autocommit=True) as connection:
            connection.execute(statements.encode())
