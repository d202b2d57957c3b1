"""Where signed packs come from, and the folder that keeps the last good ones.

- ``DirectoryTransport(folder)``, ``HttpTransport(url, *, deadline=10.0, ca=None, proxy=None)``
- ``PackStore(folder, *, trust, transports=(), keep=50)``: ``refresh(*, now) -> RefreshReport`` (``.events``, ``.refused``,
  ``.installed``, ``.ok``), ``packs() -> tuple[Pack, ...]``, ``problems() -> tuple[Event, ...]``
"""
