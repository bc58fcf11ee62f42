"""Refuses the network to a whole Python process, and writes every attempt to the file that NETWORK_TRIED names."""

import os
import socket


def _refuse(what):
    def refused(*arguments, **_):
        if what == "socket" and arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
            return _connect(*arguments)
        with open(os.environ["NETWORK_TRIED"], "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(what + "\n")
        raise OSError("the network is refused")

    return refused


_connect = socket.socket.connect
socket.socket.connect = _refuse("socket")
for _name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, _name, _refuse(_name))
