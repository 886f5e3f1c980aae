using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Testing.Engines;

namespace Registry.Storage.S3.Tests.Blobs;

/// <summary>Metrics of objects that wait for their deletion.</summary>
public sealed class WaitingDeletionsTests(Gateway gateway) : IAsyncDisposable
{
    private readonly FaultProxy _proxy = new(gateway.Ceph.Endpoint);
    private readonly MeterReader _metrics = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private (double Waiting, double Overdue) Deletions => (_metrics["registry.s3.deletions.waiting"], _metrics["registry.s3.deletions.overdue"]);

    [Fact]
    public async Task Objects_wait_until_they_are_due_and_are_overdue_while_the_store_does_not_work()
    {
        await using var engine = new S3Engine(gateway.NewSettings() with { Endpoint = _proxy.Address, DeleteAfter = TimeSpan.FromHours(1), Attempts = 1 });
        engine.Storage.AddMetricsTo(_metrics.Meter);
        foreach (var content in new[] { Samples.Bytes(1, 20_000), Samples.Bytes(2, 20_000) })
        {
            await engine.Blobs.DeleteAsync([await engine.Blobs.PutAsync(Samples.Digest(content), content, Cancel)], Cancel);
        }

        Assert.Equal((0, 0), Deletions);
        Assert.Equal(0, await engine.Storage.DeleteDueAsync(Cancel));
        Assert.Equal((2, 0), Deletions);

        engine.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(90));
        _proxy.Choose = _ => new Fault(FaultKind.InternalError);
        await Assert.ThrowsAsync<StorageException>(() => engine.Storage.DeleteDueAsync(Cancel));
        Assert.Equal((2, 90), Deletions);

        _proxy.Choose = _ => null;
        Assert.Equal(2, await engine.Storage.DeleteDueAsync(Cancel));
        Assert.Equal((0, 0), Deletions);
    }

    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        await _proxy.DisposeAsync();
    }
}
