using Npgsql;
using Registry.Server.Tests.Commands;
using Registry.Storage.Postgres;
using Registry.Storage.S3;
using Registry.Storage.Testing;
using Registry.Testing.Engines;

namespace Registry.Server.Tests.Migration;

/// <summary>A data folder, a database with a bucket, a file with the settings of each, and the registries on them.</summary>
internal sealed class MigrationFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new("migrate", isInMemory: true);
    private readonly PostgresServer _server;

    public MigrationFixture(PostgresServer server, PostgresSettings database, S3Settings bucket)
    {
        (_server, Database, Bucket) = (server, database, bucket);
        Directory.CreateDirectory(Data);
        WriteFile(FolderFile, ("REGISTRY_STORAGE_PATH", Data));
        WriteFile(NodesFile, [("REGISTRY_METADATA", "postgres"), ("REGISTRY_POSTGRES", database.ConnectionString), .. BucketSettings()]);
        WriteFile(BucketFile, [("REGISTRY_STORAGE_PATH", _folder.File("bucket-data")), .. BucketSettings()]);
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public PostgresSettings Database { get; }

    public S3Settings Bucket { get; }

    public string Data => _folder.File("data");

    /// <summary>Settings of the data folder.</summary>
    public string FolderFile => _folder.File("folder.env");

    /// <summary>Settings of PostgreSQL with the bucket.</summary>
    public string NodesFile => _folder.File("nodes.env");

    /// <summary>Settings of another data folder with the bucket.</summary>
    public string BucketFile => _folder.File("bucket.env");

    public static async Task<MigrationFixture> CreateAsync(Gateway gateway, SharedDatabase databases) =>
        new(databases.Server, await databases.CreateAsync(), gateway.NewSettings() with { PartSize = new S3Settings { Bucket = string.Empty }.PartSize });

    public string File(string name) => _folder.File(name);

    public void WriteFile(string path, params IEnumerable<(string Name, string Value)> settings) =>
        System.IO.File.WriteAllLines(path, ["# Settings of a test.", string.Empty, .. settings.Select(setting => $"{setting.Name}={setting.Value}")]);

    /// <summary>Starts a registry on the data folder.</summary>
    public Task<TestRegistry> ServeFolderAsync() => TestRegistry.StartAsync(storagePath: Data);

    /// <summary>Starts a node.</summary>
    public Task<TestRegistry> ServeNodeAsync() => TestRegistry.StartAsync(options => options with { Database = Database, Bucket = Bucket }, storagePath: File("none"));

    /// <summary>Runs the command, whose own settings are those of the data folder.</summary>
    public Task<CommandRun> RunAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = Data }, ["migrate", .. arguments]);

    /// <summary>Runs the command to its expected end.</summary>
    /// <returns>All that it has printed.</returns>
    public async Task<string> RunsAsync(int exitCode, string arguments, params string[] expected)
    {
        var run = await RunAsync(arguments.Split(' '));
        Assert.True(run.ExitCode == exitCode, $"{arguments} has ended with {run.ExitCode}:\n{run.Output}{run.Error}");
        Assert.All(expected, part => Assert.Contains(part, run.Output + run.Error, StringComparison.Ordinal));
        return run.Output + run.Error;
    }

    /// <summary>Runs a statement in the database.</summary>
    public async Task<string> QueryAsync(string sql) =>
        (await _server.QueryAsync(sql, new NpgsqlConnectionStringBuilder(Database.ConnectionString).Database!)).Trim();

    public void Dispose() => _folder.Dispose();

    private (string, string)[] BucketSettings() =>
    [
        ("REGISTRY_BLOBS", "s3"),
        ("REGISTRY_S3_ENDPOINT", Bucket.Endpoint!.ToString()),
        ("REGISTRY_S3_REGION", Bucket.Region),
        ("REGISTRY_S3_BUCKET", Bucket.Bucket),
        ("REGISTRY_S3_PREFIX", Bucket.Prefix),
        ("REGISTRY_S3_ACCESS_KEY", Bucket.AccessKey!),
        ("REGISTRY_S3_SECRET_KEY", $"\"{Bucket.SecretKey}\""),
        ("REGISTRY_S3_DELETE_AFTER", "0"),
    ];
}
