-- What is in the server: templates, copies of them, and who has which. This database is the mark by which ours are
-- known: what is not written here is never touched. Changed in any way, it gets another name (`NAME` in registry.rs).

-- A finished template.
CREATE TABLE migrate_testing_v1.template (
    id varchar(64) PRIMARY KEY,
    name varchar(64) NOT NULL,
    used datetime(6) NOT NULL,
    -- Why copies can't be restored: then each test runs all migrations. Empty where they can.
    obstacle text NOT NULL,
    -- Whether there are events, which a copy has only while a test has it: they would go on in one that waits.
    events boolean NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What is in it, in the order in which it is made.
CREATE TABLE migrate_testing_v1.object (
    template varchar(64) NOT NULL,
    n integer NOT NULL,
    kind varchar(20) NOT NULL,
    name varchar(64) NOT NULL,
    about varchar(200) NOT NULL,
    settings text NOT NULL,
    definition longtext NOT NULL,
    counter varchar(20) NOT NULL,
    columns longtext NOT NULL,
    digest_sql longtext NOT NULL,
    digest varchar(200) NOT NULL,
    PRIMARY KEY (template, n)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Any other database of ours. Its row is there before it is made, and until it is gone.
CREATE TABLE migrate_testing_v1.clone (
    name varchar(64) PRIMARY KEY,
    template varchar(64) NOT NULL,
    -- free: as the template is. lent: a test has it, or had it when its owner died. kept: of a test that has failed.
    -- build: a template that is not finished. drop: to be dropped.
    state varchar(10) NOT NULL,
    -- The session whose it is, and a number. The session holds a lock of its name; with the session dies the claim.
    owner varchar(60) NOT NULL,
    at datetime(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
