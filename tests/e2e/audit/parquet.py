"""parquet.py DIR: prints every row of the files of an export, and what the files say of themselves, as read by pyarrow."""
import json
import sys

import pyarrow.parquet as parquet

for name in ("decisions", "events", "claims"):
    table = parquet.read_table(f"{sys.argv[1]}/{name}.parquet")
    says = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    columns = [
        {"name": it.name, "type": str(it.type), "nullable": it.nullable, "says": json.loads(says["claimlog.columns"])[it.name]}
        for it in table.schema
    ]
    print(json.dumps({"file": name, "columns": columns, "cursor": says["claimlog.cursor"], "format": says["claimlog.format"]}))
    for row in table.to_pylist():
        for key, value in row.items():
            if hasattr(value, "isoformat"):  # a time, in UTC
                row[key] = value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
        print(json.dumps({"in": name, "row": row}))
