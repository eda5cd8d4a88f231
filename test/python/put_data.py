"""Uploads a file: FILE URL."""
import sys
import urllib.request

path, url = sys.argv[1:]
with open(path, "rb") as file:
    urllib.request.urlopen(urllib.request.Request(url, data=file.read(), method="PUT"))
