"""A minimal authorizer with boto3: checksum, hash, one consistent read, one policy."""

import hashlib
import hmac
import os
import string
import zlib

import boto3

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
CLIENT = boto3.client("dynamodb")


def checksum(text: str) -> str:
    rest, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return digits


def handler(event: dict, _context: object) -> dict:
    token = event["headers"]["Authorization"].removeprefix("Bearer ")
    if checksum(token[:-6]) != token[-6:]:
        raise PermissionError("Unauthorized")
    token_id = token.split("_")[1][:16]
    key = {"pk": {"S": f"TOKEN#{token_id}"}, "sk": {"S": "TOKEN"}}
    item = CLIENT.get_item(TableName=os.environ["PORTCULLIS_TABLE"], Key=key, ConsistentRead=True).get("Item")
    digest = hashlib.sha256(token.encode()).digest()
    if item is None or not hmac.compare_digest(digest, item["secrets"]["M"]["digest"]["B"]):
        raise PermissionError("Unauthorized")
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {"principalId": token_id, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
