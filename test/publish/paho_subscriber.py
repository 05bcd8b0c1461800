"""Subscribes through Eclipse Paho, and prints each message as a line of JSON: PORT, FILTER, QOS, and how many there are to be."""
import json
import sys

import paho.mqtt.client as mqtt

port, pattern, qos, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
heard = 0


def on_message(client, _data, message):
    global heard
    heard += 1
    fields = {"topic": message.topic, "payload": message.payload.decode(), "qos": message.qos, "retain": bool(message.retain)}
    print(json.dumps(fields), flush=True)
    if heard == count:
        client.disconnect()


def on_subscribe(client, _data, _mid, granted):
    if 128 in granted:
        print(json.dumps({"refused": pattern}), flush=True)
        client.disconnect()


client = mqtt.Client()
client.on_connect = lambda client, _data, _flags, _code: client.subscribe(pattern, qos)
client.on_message = on_message
client.on_subscribe = on_subscribe
client.connect("127.0.0.1", port, keepalive=20)
client.loop_forever()
