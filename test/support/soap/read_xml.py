"""A line of base64 in, what expat makes of the XML in it out: a line of JSON."""
import base64
import json
import sys
from xml.parsers import expat


def events(document):
    seen = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: seen.append(["start", name, sorted(attributes.items())])
    parser.EndElementHandler = lambda name: seen.append(["end", name])
    parser.CharacterDataHandler = lambda text: seen.append(["text", text])
    parser.CommentHandler = lambda text: seen.append(["comment", text])
    parser.ProcessingInstructionHandler = lambda target, data: seen.append(["instruction", target, data])
    parser.Parse(document, True)
    return seen


for line in sys.stdin:
    try:
        answer = {"events": events(base64.b64decode(line))}
    except (expat.ExpatError, LookupError, ValueError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
