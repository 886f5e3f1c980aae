using Registry.Storage.Testing;
using Registry.Testing.Engines;

[assembly: AssemblyFixture(typeof(Registry.Server.Tests.Nodes.StoresOfAllTests))]

namespace Registry.Server.Tests.Nodes;

/// <summary>
/// With <c>TEST_STORAGE=nodes</c>, all tests run on PostgreSQL and S3 instead of data folders, except those that open a folder which they have prepared, and those that move
/// the clock.
/// </summary>
public sealed class StoresOfAllTests : IAsyncLifetime
{
    private readonly Gateway _gateway = new();
    private PostgresServer? _postgres;

    private static bool IsOn => Environment.GetEnvironmentVariable("TEST_STORAGE") == "nodes";

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
