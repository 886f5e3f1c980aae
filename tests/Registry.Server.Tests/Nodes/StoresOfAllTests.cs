using Registry.Storage.Testing;
using Registry.Testing.Engines;

[assembly: AssemblyFixture(typeof(Registry.Server.Tests.Nodes.StoresOfAllTests))]

namespace Registry.Server.Tests.Nodes;

/// <summary>
/// With <c>TEST_STORAGE=nodes</c>, the registries of the tests have their metadata in PostgreSQL and their blobs in S3 instead of data folders. <see cref="TestsOnNodes"/> lists the
/// tests that have no reason to run so.
/// </summary>
public sealed class StoresOfAllTests : IAsyncLifetime
{
    private readonly Gateway _gateway = new();
    private PostgresServer? _postgres;

    /// <summary>True if registries run on PostgreSQL and S3.</summary>
    public static bool IsOn => Environment.GetEnvironmentVariable("TEST_STORAGE") == "nodes";

    public async ValueTask InitializeAsync()
    {
        if (IsOn)
        {
            await _gateway.InitializeAsync();
            _postgres = await PostgresServer.StartAsync(isDurable: false, "max_connections=1000");
            TestRegistry.Stores = (_postgres, _gateway.Ceph);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is { } postgres)
        {
            await postgres.DisposeAsync();
            await _gateway.DisposeAsync();
        }
    }
}
