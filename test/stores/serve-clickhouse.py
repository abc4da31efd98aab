"""The HTTP interface of ClickHouse, as far as inserts and queries need it, before the engine in chdb. Prints its port."""
import http.server
import re
import tempfile
import urllib.parse

import chdb.session

session = chdb.session.Session()
session.query("CREATE DATABASE records")
session.query("USE records")

# What is said to the HTTP interface and not to the engine.
OF_HTTP = {"query", "database", "wait_end_of_query"}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        body = self.rfile.read(int(self.headers["content-length"]))
        settings = ", ".join(f"{name} = '{value}'" for name, value in asked.items() if name not in OF_HTTP)
        with tempfile.NamedTemporaryFile() as file:
            if "query" in asked:
                file.write(body)
                file.flush()
                source = f" FROM INFILE '{file.name}' SETTINGS {settings} FORMAT "
                query = re.sub(r" FORMAT (?=\w+$)", source, asked["query"])
            else:
                query = body.decode()
            try:
                self.answer(200, session.query(query, "JSON").bytes())
            except Exception as error:
                code = re.search(r"Code: (\d+)", str(error))[1]
                self.answer(404 if code == "60" else 500, str(error).encode(), {"X-ClickHouse-Exception-Code": code})

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
