#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent really answers, against the document of its local API.

    answers.py record LISTEN AGENT FILE   hand on what comes to the socket LISTEN to the socket AGENT, and add
                                          what was said to FILE, a connection a line, when it has ended;
                                          until SIGTERM
    answers.py check DOCUMENT FILE LEAST  is each answer what the document says, and were at least so many
                                          of its operations asked for? The validator is jsonschema's, HTTP
                                          is read by Python's own library. Ends with 1 and a line for each
                                          that is not.
    answers.py twice DOCUMENT FILE BUT...  was each operation that changes something done twice, by the
                                          very same request, but for those ("POST /v1/pools") that are not?

An answer that is as the document has it has a status that the operation has there, or that of a failure
(x-codes, 500, or 404 and 405 of what is not there at all); content of that type; no field that the document
does not have, at any depth; and the code of a failure goes with its status. A request that was done (200,
202) is one that the document allows. Then it is tried that this can fail: with a document that lacks one
thing of what was really answered, something has to be found."""
import collections
import copy
import http.client
import io
import json
import re
import signal
import socket
import socketserver
import sys
import threading
import urllib.parse

FAILURE = '#/components/responses/Failure'
# parts of a body that has no end
LINES = 'application/x-ndjson'


# ---- recording


def record(listen, agent, path):
    lock = threading.Lock()

    class Handler(socketserver.BaseRequestHandler):
        def pump(self, source, to, kept):
            try:
                while data := source.recv(65536):
                    kept += data
                    to.sendall(data)
            except OSError:
                pass
            # whoever hangs up wants nothing more
            for s in (source, to):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        def handle(self):
            asked, said = bytearray(), bytearray()
            with socket.socket(socket.AF_UNIX) as behind:
                try:
                    behind.connect(agent)
                except OSError:
                    return
                back = threading.Thread(target=self.pump, args=(behind, self.request, said))
                back.start()
                self.pump(self.request, behind, asked)
                back.join()
            with lock, open(path, 'a', encoding='ascii') as f:
                f.write(json.dumps([asked.decode('latin-1'), said.decode('latin-1')]) + '\n')

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        request_queue_size = 128

    with Server(listen, Handler) as server:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()


# ---- reading


Answer = collections.namedtuple('Answer', 'method target body status kind content')


class Stream:
    """What http.client takes for a socket: one response after the other."""

    def __init__(self, data):
        self.file = io.BufferedReader(io.BytesIO(data))
        self.file.close = lambda: None

    def makefile(self, _):
        return self.file


def answers(path):
    """Each request with its answer; a request that was cut off, or one nobody answered, is left out."""
    with open(path, encoding='ascii') as f:
        for line in f:
            asked, said = (part.encode('latin-1') for part in json.loads(line))
            asked, said = io.BytesIO(asked), Stream(said)
            while first := asked.readline().decode('latin-1').split():
                headers = http.client.parse_headers(asked)
                body = asked.read(int(headers.get('Content-Length', 0)))
                response = http.client.HTTPResponse(said, method=first[0])
                try:
                    response.begin()
                    while response.status == 100:
                        response.begin()
                    content = response.read()
                except http.client.IncompleteRead as e:
                    # who follows hangs up at any time: the whole lines count
                    content = e.partial[:e.partial.rfind(b'\n') + 1]
                    if response.getheader('Content-Type') != LINES:
                        break
                except (http.client.HTTPException, OSError):
                    break
                yield Answer(first[0], first[1], body, response.status,
                             response.getheader('Content-Type', '').split(';')[0], content)


# ---- judging


class Document:
    def __init__(self, document):
        import jsonschema  # pylint: disable=import-outside-toplevel

        self.document = copy.deepcopy(document)
        self.close(self.document['components'])
        self.codes = self.document['components']['responses']['Failure']['x-codes']
        self.make = lambda schema: jsonschema.Draft4Validator(
            schema, resolver=jsonschema.RefResolver('', self.document),
            format_checker=jsonschema.FormatChecker())
        self.made = {}
        # "/v1/pools/import" is not a pool of that name
        self.paths = [(re.compile(re.sub(r'\{\w+\}', '[^/]*', p) + '$'), p)
                      for p in sorted(self.document['paths'], key=lambda p: p.count('{'))]

    def close(self, node):
        """An object has no fields that are not named."""
        if isinstance(node, dict):
            if isinstance(node.get('properties'), dict):
                node.setdefault('additionalProperties', False)
            for value in node.values():
                self.close(value)

    def wrong(self, schema, value, what):
        key = json.dumps(schema)
        if key not in self.made:
            self.made[key] = self.make(schema)
        for e in self.made[key].iter_errors(value):
            where = '.'.join(str(p) for p in e.absolute_path)
            yield '%s: %s: %s' % (what, where or 'all of it', e.message[:300])

    def path_of(self, target):
        path = target.partition('?')[0]
        return next((p for pattern, p in self.paths if pattern.match(path)), None)

    def content(self, response, a):
        kinds = response.get('content') or {}
        if a.kind not in kinds:
            yield 'its content is "%s", not %s' % (a.kind, ' or '.join(kinds) or 'nothing')
            return
        if a.kind == 'text/plain':
            return
        for text in a.content.splitlines() if a.kind == LINES else [a.content]:
            try:
                value = json.loads(text)
            except ValueError as e:
                yield 'no JSON: %s' % e
                return
            yield from self.wrong(kinds[a.kind]['schema'], value, 'the answer')

    def failure(self, a):
        """That of the whole document, whatever the operation says of it."""
        failure = self.document['components']['responses']['Failure']
        wrong = list(self.content(failure, a))
        yield from wrong
        if wrong or a.status in (405, 431):
            return
        code = json.loads(a.content)['error']['code']
        listed = [status for status, codes in self.codes.items() if code in codes]
        if listed != [str(a.status)] and (listed or a.status != 500):
            yield 'code %s goes with %s' % (code, ' or '.join(listed) or 500)

    def request(self, operation, a):
        query = urllib.parse.parse_qs(a.target.partition('?')[2], keep_blank_values=True)
        known = [p['name'] for p in operation.get('parameters') or [] if p['in'] == 'query']
        for name in query:
            if name not in known:
                yield 'it was done with the query "%s"' % name
        body = operation.get('requestBody')
        if body:
            schema = body['content']['application/json']['schema']
            yield from self.wrong(schema, json.loads(a.body or b'null'), 'the request that was done')

    def judge(self, a):
        """What is wrong with it, in sentences"""
        path = self.path_of(a.target)
        operation = self.document['paths'][path].get(a.method.lower()) if path else None
        if operation is None:
            if a.status not in ((404, 400) if path is None else (405,)):
                yield 'status %d of what the document does not have' % a.status
            else:
                yield from self.failure(a)
            return
        responses = operation['responses']
        response = responses.get(str(a.status))
        if a.status < 300:
            yield from self.request(operation, a)
        if response is None and (responses.get('default') != {'$ref': FAILURE} or
                                 str(a.status) not in [*self.codes, '500']):
            yield 'status %d, which the document does not have' % a.status
        elif response is None or (a.status >= 400 and a.kind != 'text/plain'):
            yield from self.failure(a)
        else:
            yield from self.content(response, a)


def judged(document, recorded):
    d = Document(document)
    for a in recorded:
        for sentence in d.judge(a):
            yield '%s %s: %d: %s' % (a.method, a.target, a.status, sentence)


def mistakes(document, recorded):
    """(what is not in it, a document without that, an answer that shows it)"""
    d = Document(document)
    for a in recorded:
        path = d.path_of(a.target)
        operation = document['paths'][path].get(a.method.lower()) if path else None
        if operation is None or a.kind != 'application/json' or a.status != 200:
            continue
        ref = operation['responses']['200']['content'][a.kind]['schema']['$ref'].rsplit('/', 1)[1]
        for field in json.loads(a.content):
            lacks = copy.deepcopy(document)
            schema = lacks['components']['schemas'][ref]
            del schema['properties'][field]
            schema['required'] = [r for r in schema.get('required', []) if r != field]
            yield 'field %s of %s' % (field, ref), lacks, a
            other = copy.deepcopy(document)
            other['components']['schemas'][ref]['properties'][field] = {'type': 'null'}
            yield 'type of %s of %s' % (field, ref), other, a
            break
        lacks = copy.deepcopy(document)
        del lacks['paths'][path][a.method.lower()]['responses']['200']
        yield 'status 200 of %s %s' % (a.method, path), lacks, a
        del lacks['paths'][path]
        yield 'path %s' % path, lacks, a
        return


def check(document, path, least):
    import yaml  # pylint: disable=import-outside-toplevel

    with open(document, encoding='utf-8') as f:
        document = yaml.load(f, getattr(yaml, 'CSafeLoader', yaml.SafeLoader))
    every = list(answers(path))
    # the same said again is as right as before
    recorded = list(dict.fromkeys(every))
    wrong = list(judged(document, recorded))
    d = Document(document)
    asked = {(a.method, d.path_of(a.target)) for a in recorded}
    asked = sorted('%s %s' % (method, p) for method, p in asked
                   if p and method.lower() in d.document['paths'][p])
    refused = sorted({a.status for a in recorded if a.status >= 400})
    for name, lacks, a in mistakes(document, recorded):
        if not any(judged(lacks, [a])):
            wrong.append('nobody would notice: %s' % name)
    if len(asked) < least:
        wrong.append('these are fewer operations than %d: %s' % (least, ', '.join(asked) or 'none'))
    print('%d answers of %d operations, refusals with %s' % (
        len(every), len(asked), ', '.join(str(s) for s in refused)))
    print('\n'.join(wrong), end='\n' if wrong else '')
    return 1 if wrong else 0


def twice(document, path, but):
    import yaml  # pylint: disable=import-outside-toplevel

    with open(document, encoding='utf-8') as f:
        d = Document(yaml.load(f, getattr(yaml, 'CSafeLoader', yaml.SafeLoader)))
    done = collections.Counter((a.method, a.target, a.body) for a in answers(path) if a.status < 300)
    again = {'%s %s' % (method, d.path_of(target)) for (method, target, _), n in done.items() if n > 1}
    every = {'%s %s' % (method.upper(), p) for p, operations in d.document['paths'].items()
             for method in operations if method in ('post', 'put', 'patch', 'delete')}
    wrong = ['nobody asks for it twice: %s' % o for o in sorted(every - again - set(but))]
    wrong += ['it is asked for twice: %s' % o for o in sorted(again & set(but))]
    wrong += ['there is no such operation: %s' % o for o in sorted(set(but) - every)]
    print('%d operations of %d' % (len(every & again), len(every)))
    print('\n'.join(wrong), end='\n' if wrong else '')
    return 1 if wrong or not every else 0


def main():
    if sys.argv[1:2] == ['twice'] and len(sys.argv) >= 4:
        return twice(*sys.argv[2:4], sys.argv[4:])
    if sys.argv[1:2] == ['record'] and len(sys.argv) == 5:
        return record(*sys.argv[2:])
    if sys.argv[1:2] == ['check'] and len(sys.argv) == 5:
        return check(*sys.argv[2:4], int(sys.argv[4]))
    raise SystemExit(__doc__)


if __name__ == '__main__':
    sys.exit(main())
