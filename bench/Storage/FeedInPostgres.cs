using Microsoft.Extensions.Logging.Abstractions;
using Registry.Bench.Peers;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage;
using Registry.Storage.Metadata;
using Registry.Storage.Postgres;
using Registry.Testing.Engines;

namespace Registry.Bench.Storage;

/// <summary>A feed in a database of a server of its own.</summary>
internal sealed class FeedInPostgres : IFeedStorage
{
    private readonly PostgresServer _server;
    private readonly ProcessMeter _meter;
    private readonly StorageEnvironment _environment = new(NoRules.Instance, new StorageLimits(), TimeProvider.System, NullLoggerFactory.Instance, metrics: null);
    private IStoredMetadata _metadata = null!;

    private FeedInPostgres(PostgresServer server) => (_server, _meter) = (server, ProcessMeter.OfChildren(server.ProcessId));

    public IMetadataStore Metadata => _metadata.Ports.Metadata;

    /// <summary>Starts a server.</summary>
    /// <param name="isRecording">False for a view that drops what is recorded.</param>
    /// <exception cref="ArgumentException">PostgreSQL is not installed.</exception>
    public static async Task<IFeedStorage> OpenAsync(bool isRecording)
    {
        if (!PostgresServer.IsInstalled)
        {
            throw new ArgumentException("PostgreSQL is not installed.");
        }

        var feed = new FeedInPostgres(await PostgresServer.StartAsync(isDurable: true));
        await feed.ConnectAsync();
        if (!isRecording)
        {
            await feed._metadata.DisposeAsync();
            await feed._server.QueryAsync(
                """
                ALTER TABLE changes RENAME TO recorded;
                CREATE VIEW changes AS SELECT * FROM recorded;
                CREATE FUNCTION drop_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                CREATE TRIGGER changes_dropped INSTEAD OF INSERT ON changes FOR EACH ROW EXECUTE FUNCTION drop_change();
                """);
            await feed.ConnectAsync();
        }

        return feed;
    }

    public double ServerSeconds() => _meter.CpuSeconds();

    public async ValueTask DisposeAsync()
    {
        await _metadata.DisposeAsync();
        _environment.Dispose();
        await _server.DisposeAsync();
    }

    private async Task ConnectAsync() => _metadata = await MetadataInPostgres.OpenAsync(PostgresSettings.Parse(_server.ConnectionString), _environment);
}
