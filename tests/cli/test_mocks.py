"""`penstock mocks`: what it writes passes `penstock run --mock`."""

import json

from tests.cli.conftest import Penstock

DATASET = {
    "StartAt": "Read",
    "States": {
        "Read": {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                "Parameters": {"Bucket": "orders", "Key.$": "$.file"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Pay",
                "States": {
                    "Pay": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Parameters": {"FunctionName": "pay", "Payload": {"amount.$": "$.amount"}},
                        "OutputPath": "$.Payload.receipt",
                        "End": True,
                    }
                },
            },
            "End": True,
        }
    },
}


def test_what_is_written_runs(penstock: Penstock):
    done = penstock("mocks", "project.py", "-o", "mocks.json", "--write-input", "input.json")
    assert (done.code, done.out) == (0, "")
    assert "Run it: penstock run project.py --mock mocks.json --input @input.json --time skip" in done.err
    assert penstock("run", "project.py", "--mock", "mocks.json", "--input", "@input.json", "--time", "skip").code == 0


def test_the_file_goes_to_stdout_and_has_the_case_asked_for(penstock: Penstock):
    done = penstock("mocks", "project.py", "--case", "Paid")
    assert list(json.loads(done.out)["StateMachines"]["main"]["TestCases"]) == ["Paid"]
    assert "ends SUCCEEDED" in done.err


def test_objects_are_written_for_maps_that_read_them(penstock: Penstock, folder):
    (folder / "map.asl.json").write_text(json.dumps(DATASET))
    arguments = ("mocks", "map.asl.json", "-o", "m.json", "--write-input", "i.json", "--write-objects", "buckets")
    assert "ends SUCCEEDED" in penstock(*arguments).err
    assert (folder / "buckets/orders/file").read_text() == "amount\namount\n"
    ran = penstock(
        *("run", "map.asl.json", "--mock", "m.json", "--input", "@i.json"), env={"PENSTOCK_AWS_OBJECTS": "buckets"}
    )
    assert (ran.code, json.loads(ran.out)) == (0, ["receipt"])


def test_files_that_are_there_stay(penstock: Penstock, folder):
    (folder / "mocks.json").write_text("mine")
    done = penstock("mocks", "project.py", "-o", "mocks.json")
    assert done.code == 2
    assert "mocks.json is there already; give --force to replace it." in done.err
    assert (folder / "mocks.json").read_text() == "mine"
    assert penstock("mocks", "project.py", "-o", "mocks.json", "--force").code == 0
    assert json.loads((folder / "mocks.json").read_text())


def test_nothing_is_written_outside_the_folder(penstock: Penstock, folder):
    machine = json.loads(
        json.dumps(DATASET).replace('"orders"', '"../orders"').replace('"Key.$": "$.file"', '"Key": "x"')
    )
    (folder / "map.asl.json").write_text(json.dumps(machine))
    done = penstock("mocks", "map.asl.json", "--write-objects", "inner/buckets")
    assert done.code == 2
    assert "cannot be a folder's" in done.err
    assert not list(folder.rglob("orders"))


def test_what_cannot_go_well_is_told(penstock: Penstock):
    done = penstock("mocks", "fail.asl.json")
    assert done.code == 0
    assert "A run with these answers ends FAILED in the state 'A': Boom: it broke" in done.err
    assert penstock("mocks", "wrong.asl.json").code == 3
