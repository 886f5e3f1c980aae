using Microsoft.Extensions.Logging;
using Registry.Storage.Metadata;

namespace Registry.Server.Hosting;

internal static partial class HostLog
{
    /// <summary>Warns about a database of a newer version, and about one with few connections.</summary>
    public static async Task WarnAsync(ILogger logger, MetadataInPostgres database)
    {
        if (database.NewerSchema is { } schema)
        {
            NewerSchema(logger, database.Address, schema);
        }

        if (await database.DescribeShortageAsync() is { } shortage)
        {
            FewConnections(logger, shortage);
        }
    }

    [LoggerMessage(2, LogLevel.Information,
        "The storage is being indexed. Pulls work meanwhile; pushes, deletes and the catalog answer 503")]
    public static partial void Indexing(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "A second signal arrived: cutting off the requests in flight")]
    public static partial void CutOff(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning,
        "The last stop of the registry was unclean: it was killed, crashed, or the machine lost power. All confirmed changes are kept, and nothing has to be done")]
    public static partial void StoppedUncleanly(ILogger logger);

    [LoggerMessage(5, LogLevel.Warning, "A further signal arrived: the files that follow the database are left as they are, and the next start continues")]
    public static partial void CutOffFiles(ILogger logger);

    [LoggerMessage(6, LogLevel.Warning, "{Shortage}")]
    public static partial void FewConnections(ILogger logger, string shortage);

    [LoggerMessage(7, LogLevel.Warning, "A newer version of the registry has upgraded the schema of {Database} to {Schema}. This version uses what it knows of it. Upgrade this node")]
    public static partial void NewerSchema(ILogger logger, string database, long schema);
}
