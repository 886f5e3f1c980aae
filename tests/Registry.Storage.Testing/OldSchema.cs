using Microsoft.Data.Sqlite;

namespace Registry.Storage.Testing;

/// <summary>Reverts the migrations of a database, so that opening it runs them again.</summary>
internal static class OldSchema
{
    /// <summary>Version that kept a journal of the tree instead of changes.</summary>
    public const int WithTreeJournal = 6;

    /// <summary>Version that kept promises in memory.</summary>
    public const int WithPromisesInMemory = 8;

    /// <summary>Version before idle manifests were recorded.</summary>
    public const int BeforeIdleManifests = 4;

    // Each reverts to the version of its place, counted from 1.
    private static readonly string[] Reverts =
    [
        """
        DROP INDEX blob_links_by_content;
        CREATE INDEX blob_links_by_content ON blob_links (content_id);
        """,
        """
        DROP TRIGGER totals_content_added;
        DROP TRIGGER totals_content_changed;
        DROP TRIGGER totals_content_removed;
        DROP TRIGGER totals_link_added;
        DROP TRIGGER totals_link_removed;
        DROP TRIGGER totals_manifest_added;
        DROP TRIGGER totals_manifest_removed;
        DROP TABLE totals;
        """,
        """
        DROP TRIGGER totals_repository_changed;
        DROP TRIGGER totals_tag_added;
        DROP TRIGGER totals_tag_removed;
        ALTER TABLE totals DROP COLUMN tags;
        ALTER TABLE totals DROP COLUMN repositories;
        """,
        """
        DROP TRIGGER totals_idle_manifest_added;
        DROP TRIGGER totals_manifest_held;
        DROP TRIGGER totals_idle_manifest_removed;
        ALTER TABLE totals DROP COLUMN untagged;
        DROP INDEX manifests_by_content;
        CREATE INDEX manifests_by_content ON manifests (content_id);
        DROP INDEX manifests_idle;
        ALTER TABLE manifests DROP COLUMN pushed_at;
        ALTER TABLE manifests DROP COLUMN is_root;
        ALTER TABLE manifests DROP COLUMN idle_since;
        """,
        """
        DROP TABLE staged_content;
        ALTER TABLE totals DROP COLUMN staged_bytes;
        ALTER TABLE totals DROP COLUMN staged;
        """,
        """
        DROP TABLE changes;
        DROP TABLE change_consumers;
        DELETE FROM meta WHERE key = 'changes_trimmed';
        CREATE TABLE tree_journal (
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            change     INTEGER NOT NULL,
            repository TEXT    NOT NULL,
            tag        TEXT,
            digest     TEXT
        ) STRICT;
        """,
        """
        DROP TABLE unsettled_subjects;
        DROP TABLE change_held;
        DROP TRIGGER totals_change_added;
        DROP TRIGGER totals_change_removed;
        ALTER TABLE totals DROP COLUMN changes;
        """,
        """
        DELETE FROM meta WHERE key = 'collection_paused_until';
        """,
        "ALTER TABLE content DROP COLUMN place;",
        """
        DROP TRIGGER upload_counts_added;
        DROP TRIGGER upload_counts_removed;
        DROP TABLE upload_counts;
        ALTER TABLE uploads DROP COLUMN generation;
        ALTER TABLE uploads DROP COLUMN process;
        ALTER TABLE uploads DROP COLUMN hash_state;
        ALTER TABLE uploads DROP COLUMN position;
        ALTER TABLE uploads DROP COLUMN network;
        """,
        """
        DROP TABLE upload_parts;
        DROP TABLE upload_objects;
        DROP INDEX content_by_place;
        DROP TABLE object_keys;
        """,
        "DROP INDEX changes_of_removals;",
        """
        DROP VIEW kept_manifests;
        DROP VIEW held_content;
        DROP TABLE trash_tags;
        DROP TABLE trash_references;
        DROP TABLE trash;
        ALTER TABLE totals DROP COLUMN trashed_bytes;
        ALTER TABLE totals DROP COLUMN trashed;
        """,
        """
        DROP INDEX changes_of_renames;
        ALTER TABLE changes DROP COLUMN new_name;
        ALTER TABLE repositories DROP COLUMN is_deleted;
        """,
        """
        DROP TABLE space_repositories;
        DROP TABLE space_days;
        """,
        """
        DROP INDEX tags_by_time;
        ALTER TABLE tags DROP COLUMN set_at;
        DROP TRIGGER repository_facts_pushed;
        DROP TRIGGER repository_facts_renamed;
        DROP TRIGGER repository_facts_removed;
        DROP TRIGGER repository_facts_added;
        DROP TABLE repository_names;
        DROP TABLE repository_facts;
        """,
        "DROP TABLE web_sessions;",
        "DROP INDEX changes_by_repository;",
        "DROP INDEX space_repositories_by_unique;",
        """
        DROP TRIGGER mirror_manifest_added;
        DROP TRIGGER mirror_manifest_removed;
        DROP TRIGGER mirror_link_added;
        DROP TRIGGER mirror_link_removed;
        DROP TRIGGER mirror_content_changed;
        DROP TRIGGER mirror_repository_changed;
        DROP TRIGGER tag_checks_removed;
        DROP TABLE mirror_totals;
        DROP TABLE tag_checks;
        DROP TABLE mirrored_manifests;
        DROP INDEX repositories_by_upstream;
        ALTER TABLE repositories DROP COLUMN upstream;
        """,
        """
        DROP TRIGGER bytes_of_manifest_added;
        DROP TRIGGER bytes_of_manifest_removed;
        DROP TRIGGER bytes_of_reference_added;
        DROP TRIGGER bytes_of_reference_removed;
        DROP TRIGGER bytes_of_content_changed;
        DROP TABLE repository_bytes;
        DROP TABLE kept_tags;
        """,
        "DROP TABLE manifest_pulls;",
        """
        DROP TABLE event_deliveries;
        DROP TABLE event_lanes;
        DROP TABLE event_endpoints;
        DELETE FROM meta WHERE key = 'changes_epoch';
        """,
    ];

    /// <summary>Versions that a database can be reverted to, from 1 on.</summary>
    public static IEnumerable<int> Versions => Enumerable.Range(1, Reverts.Length);

    /// <summary>Reverts a closed database to an older version.</summary>
    /// <param name="database">The database.</param>
    /// <param name="version">The older version.</param>
    /// <param name="from">The version that it has; null for the newest one.</param>
    public static void Revert(string database, int version, int? from = null) => Execute(
        database, $"{string.Concat(Reverts.Take((from ?? Reverts.Length + 1) - 1).Skip(version - 1).Reverse())}PRAGMA user_version = {version};");

    /// <summary>Executes statements in a closed database.</summary>
    public static void Execute(string database, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test has written it.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
