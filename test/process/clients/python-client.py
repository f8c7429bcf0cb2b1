"""Calls as a Python workload makes them, with requests as it comes."""

import sys

import requests

url = sys.argv[1]
large = bytes(i % 251 for i in range(8 * 1024 * 1024))


def report(response):
    print(response.status_code, response.text)


report(requests.get(url + "/get", params={"a": "b c"}))
with requests.Session() as session:
    report(session.post(url + "/post", data="<envelope/>", headers={"Content-Type": "text/xml"}))
    report(session.post(url + "/json", json={"a": 1}))
    report(session.put(url + "/known-length", data=large))
    report(session.put(url + "/streamed", data=(large[i : i + 65536] for i in range(0, len(large), 65536))))
    for _ in range(20):
        report(session.get(url + "/kept-alive"))
