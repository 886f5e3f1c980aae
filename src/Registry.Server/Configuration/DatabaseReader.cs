using Registry.Storage.Postgres;

namespace Registry.Server.Configuration;

/// <summary>Reads the settings of the database.</summary>
/// <param name="settings">Reads single settings.</param>
/// <param name="faults">Receives the faults.</param>
internal sealed class DatabaseReader(OptionsReader settings, List<string> faults)
{
    private const string Connection = VariableNames.Connection;
    private const string What = "a URL such as postgres://user:password@db.example.com/registry, or a connection string of Npgsql";

    // Two connections are the least with which a change and a query run at the same time.
    private static readonly SettingKind<long> PoolSize = SettingKinds.Number(2, 1000);

    /// <summary>
    /// Reads the settings. Those of PostgreSQL without REGISTRY_METADATA=postgres are a fault, and so are files: other nodes could not read them.
    /// </summary>
    /// <param name="hasBucket">True if the blobs are in a bucket.</param>
    /// <returns>The database; null for SQLite.</returns>
    public PostgresSettings? Read(bool hasBucket)
    {
        var before = faults.Count;
        var isShared = settings.Read("REGISTRY_METADATA", SettingKinds.Choice([("sqlite", false), ("postgres", true)]), false);
        var isFaulty = faults.Count > before;
        var secrets = new SecretReader(settings, faults);
        var isSet = secrets.IsSet(Connection);
        var text = secrets.Read(Connection, What);
        var poolSize = settings.ReadOptional("REGISTRY_POSTGRES_POOL_SIZE", PoolSize);
        if (isFaulty)
        {
            return null;
        }

        if (!isShared)
        {
            faults.AddRange(VariableNames.Database.Where(name => settings.Value(name) is not null)
                .Select(name => $"{name} is set, but REGISTRY_METADATA is not postgres; set REGISTRY_METADATA=postgres as well, or unset {name}"));
            return null;
        }

        if (!hasBucket)
        {
            faults.Add("REGISTRY_METADATA is postgres, but REGISTRY_BLOBS is not s3; nodes cannot share the files of one machine. Set REGISTRY_BLOBS=s3 and the settings of a bucket");
        }

        if (!isSet)
        {
            faults.Add($"{Connection} is missing; REGISTRY_METADATA=postgres needs it, or {Connection}{VariableNames.FileSuffix}");
        }

        return text is null ? null : Parse(text, settings.Value(Connection) is null ? Connection + VariableNames.FileSuffix : Connection, poolSize);
    }

    private PostgresSettings? Parse(string text, string name, long? poolSize)
    {
        try
        {
            var parsed = PostgresSettings.Parse(text);
            return poolSize is { } size ? parsed with { PoolSize = (int)size } : parsed;
        }
        catch (FormatException e)
        {
            faults.Add($"{name} cannot be used: {e.Message}");
            return null;
        }
    }
}
