"""What runs on the API servers: user data as tutorials write it."""


def server_data(name: str) -> str:
    """An API that says who answers and whom it sees: the address that its own kernel has for the other end."""
    return f"""#!/bin/bash
cat > /opt/api.py <<'END'
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{name} sees {{self.connection.getpeername()[0]}}\\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(("0.0.0.0", 80), Api).serve_forever()
END
cat > /etc/systemd/system/api.service <<'END'
[Unit]
Description=The API
[Service]
ExecStart=/usr/bin/python3 /opt/api.py
[Install]
WantedBy=multi-user.target
END
systemctl enable --now api
"""
