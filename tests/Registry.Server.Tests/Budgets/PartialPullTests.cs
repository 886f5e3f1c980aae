
namespace Registry.Server.Tests.Budgets;

/// <summary>The cost of many small ranges in one request, as podman pulls the changed chunks of an image, in bytes and calls.</summary>
[Collection(Alone.Name)]
public sealed class PartialPullTests
{
    private const int Ranges = 1024;
    private const int RangeSize = 4096;

    // The positions are 16 bytes each, in a list that grows; the bytes of the blob pass through one buffer of 64 KiB.
    private const int MaxAllocated = 256 * 1024;

    [Fact]
    public async Task A_thousand_small_ranges_need_no_copy_of_the_blob_and_leave_in_large_pieces()
    {
        await using var registry = await TestRegistry.StartAsync(isOnDisk: true);
        var blob = await registry.Client.PushBlobAsync("partial/pull", TestBlob.Random(Ranges * 2 * RangeSize));
        var ranges = $"bytes={string.Join(',', Enumerable.Range(0, Ranges).Select(i => $"{i * 2 * RangeSize}-{(i * 2 * RangeSize) + RangeSize - 1}"))}";
        var request = new DirectRequest(registry.Host.Handle, "GET", $"/v2/partial/pull/blobs/{blob.Digest}", authorization: null, ranges);
        for (var i = 0; i < 10; i++)
        {
            await request.RunAsync();
            Assert.Equal(206, request.Status);
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        await request.RunAsync();
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        TestContext.Current.TestOutputHelper?.WriteLine($"{allocated} bytes allocated and {request.Flushes} flushes for {request.BodyLength} bytes");
        Assert.InRange(request.BodyLength, Ranges * RangeSize, Ranges * (RangeSize + 256));
        Assert.InRange(allocated, 0, MaxAllocated);
        Assert.InRange(request.Flushes, 1, 100);
    }
}
