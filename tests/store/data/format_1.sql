-- A file as the code of commit 19c079a wrote it (format 1): executions of a machine that took the place of another.
PRAGMA application_id=1346719315;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE definitions (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL);
INSERT INTO "definitions" VALUES(1,'124c7e418816c2f1608ab10d9bd0b5a8ec52b7a887f8024edfb2e1c8208a2527','{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.do", "StringEquals": "fail", "Next": "F"}, {"Variable": "$.do", "StringEquals": "wait", "Next": "W"}], "Default": "P"}, "F": {"Type": "Fail", "Error": "No"}, "W": {"Type": "Wait", "Seconds": 25920000, "Next": "P"}, "P": {"Type": "Pass", "End": true}}}');
CREATE TABLE executions (
    id INTEGER PRIMARY KEY,             -- counts executions in the order of their starts
    arn TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,                -- ARN of the state machine, or of the Map Run whose child it is
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    definition INTEGER NOT NULL,        -- definitions.id
    processor TEXT,                     -- the distributed Map whose processor it runs; NULL for a whole machine
    about TEXT NOT NULL,                -- JSON: what never changes and nobody searches for
    record TEXT,                        -- JSON: what the service knows of its start
    input BLOB NOT NULL,                -- JSON text, as all values here
    output BLOB,
    error TEXT,
    cause TEXT,
    started REAL NOT NULL,
    stopped REAL,
    redriven REAL,
    redrive_count INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,  -- how many history events there are, when it closed
    parent INTEGER,                     -- executions.id of the one whose Map or Task started it
    child INTEGER,                      -- the number it has there
    run INTEGER,                        -- the Map Run's number there; NULL where a Task started it
    items INTEGER NOT NULL DEFAULT 1,
    recoveries INTEGER NOT NULL DEFAULT 0,  -- in a row, without a turn between them
    recovered INTEGER NOT NULL DEFAULT 0,   -- its last turn at the last recovery
    parked TEXT                         -- why it was left alone at the last recovery
);
INSERT INTO "executions" VALUES(1,'arn:aws:states:us-east-1:123456789012:execution:m:earlier','arn:aws:states:us-east-1:123456789012:stateMachine:m','earlier','STANDARD','SUCCEEDED',1,NULL,'{"machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","machine_name":"m","role_arn":"arn:aws:iam::123456789012:role/r","seed":"07d06fe5b6b9bc342eee7314e849ee4d","limit":25000}','{"revision":{"id":null,"role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3235254}}',X'7B22646F223A2270617373227D',X'7B22646F223A2270617373227D',NULL,NULL,1.79602482032566022874e+09,1.79602482032566022874e+09,NULL,0,6,NULL,NULL,NULL,1,0,0,NULL);
INSERT INTO "executions" VALUES(2,'arn:aws:states:us-east-1:123456789012:execution:m:plain','arn:aws:states:us-east-1:123456789012:stateMachine:m','plain','STANDARD','SUCCEEDED',1,NULL,'{"machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","machine_name":"m","role_arn":"arn:aws:iam::123456789012:role/r","seed":"136dcc11e1875a26fab44f613a82d7a0","limit":25000}','{"revision":{"id":null,"role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3492599}}',X'7B22646F223A2270617373227D',X'7B22646F223A2270617373227D',NULL,NULL,1.79602482035133361815e+09,1.79602482035133361815e+09,NULL,0,6,NULL,NULL,NULL,1,0,0,NULL);
INSERT INTO "executions" VALUES(3,'arn:aws:states:us-east-1:123456789012:execution:m:version','arn:aws:states:us-east-1:123456789012:stateMachine:m','version','STANDARD','SUCCEEDED',1,NULL,'{"machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","machine_name":"m","role_arn":"arn:aws:iam::123456789012:role/r","seed":"6aa9a01c6654c95c32fcb1843cc59d95","limit":25000}','{"version_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m:1","revision":{"id":null,"role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3492599}}',X'7B22646F223A2270617373227D',X'7B22646F223A2270617373227D',NULL,NULL,1.79602482035261678695e+09,1.79602482035261678695e+09,NULL,0,6,NULL,NULL,NULL,1,0,0,NULL);
INSERT INTO "executions" VALUES(4,'arn:aws:states:us-east-1:123456789012:execution:m:alias','arn:aws:states:us-east-1:123456789012:stateMachine:m','alias','STANDARD','FAILED',1,NULL,'{"machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","machine_name":"m","role_arn":"arn:aws:iam::123456789012:role/r","seed":"6be3ada058423b6658f7482dbf1f8b1c","limit":25000}','{"version_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m:1","alias_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m:live","revision":{"id":null,"role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3492599}}',X'7B22646F223A226661696C227D',NULL,'No',NULL,1.79602482035346460343e+09,1.79602482035346460343e+09,NULL,0,5,NULL,NULL,NULL,1,0,0,NULL);
INSERT INTO "executions" VALUES(5,'arn:aws:states:us-east-1:123456789012:execution:m:redriven','arn:aws:states:us-east-1:123456789012:stateMachine:m','redriven','STANDARD','FAILED',1,NULL,'{"machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","machine_name":"m","role_arn":"arn:aws:iam::123456789012:role/r","seed":"f338bb409bfa02361624b7e55805cf80","limit":25000}','{"revision":{"id":null,"role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3492599}}',X'7B22646F223A226661696C227D',NULL,'No',NULL,1.7960248203541774749e+09,1.7960248203555662632e+09,1.7960248203555662632e+09,1,8,NULL,NULL,NULL,1,0,0,NULL);
INSERT INTO "executions" VALUES(6,'arn:aws:states:us-east-1:123456789012:execution:m:waiting','arn:aws:states:us-east-1:123456789012:stateMachine:m','waiting','STANDARD','RUNNING',1,NULL,'{"machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","machine_name":"m","role_arn":"arn:aws:iam::123456789012:role/r","seed":"eddff36090c987501057943f5f65a477","limit":25000}','{"version_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m:1","alias_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m:live","revision":{"id":null,"role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3492599}}',X'7B22646F223A2277616974227D',NULL,NULL,NULL,1.79602482035628867144e+09,NULL,NULL,0,0,NULL,NULL,NULL,1,0,0,NULL);
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    at REAL NOT NULL,
    event BLOB NOT NULL,
    first INTEGER NOT NULL,             -- id of the first history event
    records BLOB                        -- NULL where there were none
);
INSERT INTO "journal" VALUES(1,1,1,1.79602482032566022874e+09,X'5B227374617274225D',1,X'9695B0457865637574696F6E5374617274656400CB41DAC34A7D14D79EC40D7B22646F223A2270617373227DD92061726E3A6177733A69616D3A3A3132333435363738393031323A726F6C652F7295B243686F6963655374617465456E746572656400CB41DAC34A7D14D79EA143C40D7B22646F223A2270617373227D95B143686F696365537461746545786974656402CB41DAC34A7D14D79EA143C40D7B22646F223A2270617373227D95B0506173735374617465456E746572656403CB41DAC34A7D14D79EA150C40D7B22646F223A2270617373227D95AF50617373537461746545786974656404CB41DAC34A7D14D79EA150C40D7B22646F223A2270617373227D94B2457865637574696F6E53756363656564656405CB41DAC34A7D14D79EC40D7B22646F223A2270617373227D');
INSERT INTO "journal" VALUES(2,2,1,1.79602482035133361815e+09,X'5B227374617274225D',1,X'9695B0457865637574696F6E5374617274656400CB41DAC34A7D167C40C40D7B22646F223A2270617373227DD92061726E3A6177733A69616D3A3A3132333435363738393031323A726F6C652F7295B243686F6963655374617465456E746572656400CB41DAC34A7D167C40A143C40D7B22646F223A2270617373227D95B143686F696365537461746545786974656402CB41DAC34A7D167C40A143C40D7B22646F223A2270617373227D95B0506173735374617465456E746572656403CB41DAC34A7D167C40A150C40D7B22646F223A2270617373227D95AF50617373537461746545786974656404CB41DAC34A7D167C40A150C40D7B22646F223A2270617373227D94B2457865637574696F6E53756363656564656405CB41DAC34A7D167C40C40D7B22646F223A2270617373227D');
INSERT INTO "journal" VALUES(3,3,1,1.79602482035261678695e+09,X'5B227374617274225D',1,X'9695B0457865637574696F6E5374617274656400CB41DAC34A7D169146C40D7B22646F223A2270617373227DD92061726E3A6177733A69616D3A3A3132333435363738393031323A726F6C652F7295B243686F6963655374617465456E746572656400CB41DAC34A7D169146A143C40D7B22646F223A2270617373227D95B143686F696365537461746545786974656402CB41DAC34A7D169146A143C40D7B22646F223A2270617373227D95B0506173735374617465456E746572656403CB41DAC34A7D169146A150C40D7B22646F223A2270617373227D95AF50617373537461746545786974656404CB41DAC34A7D169146A150C40D7B22646F223A2270617373227D94B2457865637574696F6E53756363656564656405CB41DAC34A7D169146C40D7B22646F223A2270617373227D');
INSERT INTO "journal" VALUES(4,4,1,1.79602482035346460343e+09,X'5B227374617274225D',1,X'9595B0457865637574696F6E5374617274656400CB41DAC34A7D169F2AC40D7B22646F223A226661696C227DD92061726E3A6177733A69616D3A3A3132333435363738393031323A726F6C652F7295B243686F6963655374617465456E746572656400CB41DAC34A7D169F2AA143C40D7B22646F223A226661696C227D95B143686F696365537461746545786974656402CB41DAC34A7D169F2AA143C40D7B22646F223A226661696C227D95B04661696C5374617465456E746572656403CB41DAC34A7D169F2AA146C40D7B22646F223A226661696C227D95AF457865637574696F6E4661696C656404CB41DAC34A7D169F2AA24E6FC0');
INSERT INTO "journal" VALUES(5,5,1,1.7960248203541774749e+09,X'5B227374617274225D',1,X'9595B0457865637574696F6E5374617274656400CB41DAC34A7D16AAD8C40D7B22646F223A226661696C227DD92061726E3A6177733A69616D3A3A3132333435363738393031323A726F6C652F7295B243686F6963655374617465456E746572656400CB41DAC34A7D16AAD8A143C40D7B22646F223A226661696C227D95B143686F696365537461746545786974656402CB41DAC34A7D16AAD8A143C40D7B22646F223A226661696C227D95B04661696C5374617465456E746572656403CB41DAC34A7D16AAD8A146C40D7B22646F223A226661696C227D95AF457865637574696F6E4661696C656404CB41DAC34A7D16AAD8A24E6FC0');
INSERT INTO "journal" VALUES(6,5,2,1.7960248203555662632e+09,X'5B2272656472697665225D',6,X'9394B1457865637574696F6E526564726976656E05CB41DAC34A7D16C1990195B04661696C5374617465456E746572656406CB41DAC34A7D16C199A146C40D7B22646F223A226661696C227D95AF457865637574696F6E4661696C656407CB41DAC34A7D16C199A24E6FC0');
INSERT INTO "journal" VALUES(7,6,1,1.79602482035628867144e+09,X'5B227374617274225D',1,X'9495B0457865637574696F6E5374617274656400CB41DAC34A7D16CD6FC40D7B22646F223A2277616974227DD92061726E3A6177733A69616D3A3A3132333435363738393031323A726F6C652F7295B243686F6963655374617465456E746572656400CB41DAC34A7D16CD6FA143C40D7B22646F223A2277616974227D95B143686F696365537461746545786974656402CB41DAC34A7D16CD6FA143C40D7B22646F223A2277616974227D95B0576169745374617465456E746572656403CB41DAC34A7D16CD6FA157C40D7B22646F223A2277616974227D');
CREATE TABLE map_runs (
    arn TEXT PRIMARY KEY, execution INTEGER NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO "meta" VALUES('clean',1);
INSERT INTO "meta" VALUES('epoch',1);
INSERT INTO "meta" VALUES('time','real');
CREATE TABLE records (
    kind TEXT NOT NULL, arn TEXT NOT NULL, owner TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (kind, arn)
) WITHOUT ROWID;
INSERT INTO "records" VALUES('alias','arn:aws:states:us-east-1:123456789012:stateMachine:m:live','arn:aws:states:us-east-1:123456789012:stateMachine:m',1,'{"arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m:live","name":"live","machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","description":null,"routes":[["arn:aws:states:us-east-1:123456789012:stateMachine:m:1",100]],"created":1796024820.3507533,"updated":1796024820.3507533}');
INSERT INTO "records" VALUES('machine','arn:aws:states:us-east-1:123456789012:stateMachine:m','',2,'{"arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","name":"m","type":"STANDARD","created":1796024820.3492599,"revision":{"id":null,"definition":"{\"StartAt\": \"C\", \"States\": {\"C\": {\"Type\": \"Choice\", \"Choices\": [{\"Variable\": \"$.do\", \"StringEquals\": \"fail\", \"Next\": \"F\"}, {\"Variable\": \"$.do\", \"StringEquals\": \"wait\", \"Next\": \"W\"}], \"Default\": \"P\"}, \"F\": {\"Type\": \"Fail\", \"Error\": \"No\"}, \"W\": {\"Type\": \"Wait\", \"Seconds\": 25920000, \"Next\": \"P\"}, \"P\": {\"Type\": \"Pass\", \"End\": true}}}","role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3492599},"published":[false,null],"last_version":1}');
INSERT INTO "records" VALUES('version','arn:aws:states:us-east-1:123456789012:stateMachine:m:1','arn:aws:states:us-east-1:123456789012:stateMachine:m',1,'{"arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m:1","number":1,"machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","revision":{"id":null,"definition":"{\"StartAt\": \"C\", \"States\": {\"C\": {\"Type\": \"Choice\", \"Choices\": [{\"Variable\": \"$.do\", \"StringEquals\": \"fail\", \"Next\": \"F\"}, {\"Variable\": \"$.do\", \"StringEquals\": \"wait\", \"Next\": \"W\"}], \"Default\": \"P\"}, \"F\": {\"Type\": \"Fail\", \"Error\": \"No\"}, \"W\": {\"Type\": \"Wait\", \"Seconds\": 25920000, \"Next\": \"P\"}, \"P\": {\"Type\": \"Pass\", \"End\": true}}}","role_arn":"arn:aws:iam::123456789012:role/r","logging":{"level":"OFF","includeExecutionData":false},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"},"at":1796024820.3492599},"description":null,"created":1796024820.3498561}');
CREATE TABLE snapshots (execution INTEGER PRIMARY KEY, turn INTEGER NOT NULL, events INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX executions_by_owner ON executions (owner, id);
CREATE INDEX executions_by_parent ON executions (parent, child) WHERE parent IS NOT NULL;
CREATE INDEX executions_running ON executions (id) WHERE status = 'RUNNING';
CREATE INDEX executions_by_end ON executions (stopped) WHERE stopped IS NOT NULL;
CREATE UNIQUE INDEX journal_of ON journal (execution, first, turn);
CREATE INDEX map_runs_of ON map_runs (execution, number);
CREATE INDEX records_of ON records (kind, owner, number);
COMMIT;
