using Microsoft.Data.Sqlite;

namespace Registry.Core.Storage.Sqlite;

/// <summary>
/// The tables, and how older ones become them. <c>PRAGMA user_version</c> is the number of migrations that have run; each runs in one
/// transaction.
/// </summary>
internal static class SqliteSchema
{
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE meta (
            key   TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE repositories (
            id             INTEGER PRIMARY KEY,
            name           TEXT    NOT NULL UNIQUE,
            manifest_count INTEGER NOT NULL DEFAULT 0,
            pinned         INTEGER NOT NULL DEFAULT 0   -- 1: holds something unreadable, so its links never expire
        ) STRICT;
        CREATE INDEX repositories_with_manifests ON repositories (name) WHERE manifest_count > 0;

        -- Every digest anybody mentions. state: 0 mentioned (the bytes are not here), 1 stored, 2 orphaned (stored, nothing links to it),
        -- 3 condemned (being removed).
        CREATE TABLE content (
            id     INTEGER PRIMARY KEY,
            digest TEXT    NOT NULL UNIQUE,
            size   INTEGER NOT NULL DEFAULT 0,
            state  INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX content_without_links ON content (state, id) WHERE state >= 2;

        -- Which blobs a repository may see. idle_since: since when no manifest of the repository has needed it, in seconds of the running
        -- clock; NULL while one does.
        CREATE TABLE blob_links (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            idle_since    INTEGER,
            PRIMARY KEY (repository_id, content_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX blob_links_by_content ON blob_links (content_id);
        CREATE INDEX blob_links_idle ON blob_links (idle_since) WHERE idle_since IS NOT NULL;

        CREATE TABLE manifests (
            id            INTEGER PRIMARY KEY,
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            media_type    TEXT    NOT NULL,
            artifact_type TEXT,
            subject       TEXT,
            annotations   TEXT,
            UNIQUE (repository_id, content_id)
        ) STRICT;
        CREATE INDEX manifests_by_content ON manifests (content_id);
        CREATE INDEX manifests_by_subject ON manifests (repository_id, subject) WHERE subject IS NOT NULL;

        -- What a manifest needs: config, layers, children of an index. Not its subject.
        CREATE TABLE manifest_references (
            manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            PRIMARY KEY (manifest_id, content_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX manifest_references_by_content ON manifest_references (content_id, repository_id);

        CREATE TABLE tags (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            name          TEXT    NOT NULL,
            manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
            PRIMARY KEY (repository_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tags_by_manifest ON tags (manifest_id);

        -- What each tag has pointed at since it was created.
        CREATE TABLE tag_history (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            tag           TEXT    NOT NULL,
            manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
            set_at        INTEGER NOT NULL,              -- Unix time, seconds
            PRIMARY KEY (repository_id, tag, manifest_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tag_history_by_manifest ON tag_history (manifest_id);

        -- Uploads in progress: whose they are. How far they have got is the length of their file.
        CREATE TABLE uploads (
            id         TEXT PRIMARY KEY,
            repository TEXT NOT NULL,
            owner      TEXT,
            algorithm  TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tree_journal (
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            change     INTEGER NOT NULL,
            repository TEXT    NOT NULL,
            tag        TEXT,
            digest     TEXT
        ) STRICT;
        """,
        """
        -- Renewing the links of a base layer that are idle must not go through the many that are not.
        DROP INDEX blob_links_by_content;
        CREATE INDEX blob_links_by_content ON blob_links (content_id, idle_since);
        """,
    ];

    /// <summary>Brings a database to the newest version.</summary>
    /// <exception cref="StorageException">It was written by a newer program.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        var version = UserVersion(connection);
        RefuseNewer(version, path);
        for (; version < Migrations.Length; version++)
        {
            using var transaction = connection.BeginTransaction();
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
#pragma warning disable CA2100 // The text is a constant of this file.
            command.CommandText = $"{Migrations[version]}\nPRAGMA user_version = {version + 1};";
#pragma warning restore CA2100
            command.ExecuteNonQuery();
            transaction.Commit();
        }
    }

    /// <summary>Makes sure that a database, which may not be changed, has the newest version.</summary>
    /// <exception cref="StorageException">It has another one.</exception>
    public static void Check(SqliteConnection connection, string path)
    {
        var version = UserVersion(connection);
        RefuseNewer(version, path);
        if (version < Migrations.Length)
        {
            throw new StorageException(
                $"holds a {Path.GetFileName(path)} of an older version of the registry (its schema is {version}, not {Migrations.Length}); start this version once, which brings it up to date");
        }
    }

    private static void RefuseNewer(long version, string path)
    {
        if (version > Migrations.Length)
        {
            throw new StorageException(
                $"holds a {Path.GetFileName(path)} of a newer version of the registry (its schema is {version}, this program knows up to {Migrations.Length})");
        }
    }

    private static long UserVersion(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }
}
