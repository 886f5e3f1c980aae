using System.IO.Pipelines;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Testing.Engines;

namespace Registry.Storage.S3.Tests;

/// <summary>Faults of the store and of the way to it, by a proxy in between: what can be repeated is, and nothing torn is served or recorded.</summary>
public sealed class FaultTests : IAsyncDisposable
{
    private const int PartSize = 5 * 1024 * 1024;
    private const int Head = 1000;

    private static readonly byte[] Small = Samples.Bytes(1, 50_000);
    private static readonly byte[] Large = Samples.Bytes(2, 3_000_000);

    private readonly Gateway _gateway;
    private readonly FaultProxy _proxy;
    private readonly S3Settings _settings;
    private readonly S3Engine _engine;

    public FaultTests(Gateway gateway)
    {
        _gateway = gateway;
        _proxy = new FaultProxy(gateway.Ceph.Endpoint);
        _settings = gateway.NewSettings() with { Endpoint = _proxy.Address };
        _engine = new S3Engine(_settings);
    }

    // Those that pass, and need no time-out.
    public static TheoryData<FaultKind> Kinds => [.. Enum.GetValues<FaultKind>().Except([FaultKind.Stall, FaultKind.AccessDenied])];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_blob_is_stored_and_read_whatever_happens_to_a_request(FaultKind kind)
    {
        _proxy.Damage(new Fault(kind), "PUT ");
        var place = await _engine.Blobs.PutAsync(Samples.Digest(Small), Small, TestContext.Current.CancellationToken);
        Assert.Equal(1, _proxy.Faults);
        _proxy.Damage(new Fault(kind), "HEAD ");
        Assert.Equal(Small.Length, await _engine.Blobs.StatAsync(place, TestContext.Current.CancellationToken));
        Assert.Equal(2, _proxy.Faults);
        _proxy.Damage(new Fault(kind), "GET ");
        Assert.Equal(Small, await _engine.Blobs.ReadAsync(place));
        Assert.Equal(3, _proxy.Faults);
        _proxy.Damage(new Fault(kind), "POST ", "delete");
        await _engine.Blobs.DeleteAsync([place], TestContext.Current.CancellationToken);
        Assert.Equal(4, _proxy.Faults);
        Assert.Null(await _engine.Blobs.StatAsync(place, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(FaultKind.ResetAnswer, Head + 1)]
    [InlineData(FaultKind.ResetAnswer, Head + 1_000_000)]
    [InlineData(FaultKind.Truncate, Head + 1_000_000)]
    [InlineData(FaultKind.Truncate, Head + 2_900_000)]
    public async Task A_read_that_breaks_off_goes_on_where_it_was(FaultKind kind, int after)
    {
        var place = await _engine.Blobs.PutAsync(Samples.Digest(Large), Large, TestContext.Current.CancellationToken);
        _proxy.Damage(new Fault(kind, after), "GET ");
        Assert.Equal(Large, await _engine.Blobs.ReadAsync(place));
        Assert.Equal(1, _proxy.Faults);

        _proxy.Damage(new Fault(kind, after / 2), "GET ");
        await using var open = (await _engine.Blobs.OpenAsync(place, TestContext.Current.CancellationToken))!;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await open.CopyToAsync(pipe.Writer, 100_000, 2_500_000, TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var copied = new MemoryStream();
        await pipe.Reader.CopyToAsync(copied, TestContext.Current.CancellationToken);
        Assert.Equal(Large[100_000..2_600_000], copied.ToArray());
        Assert.Equal(2, _proxy.Faults);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Head + 1_000_000)]
    public async Task A_read_that_stalls_goes_on_where_it_was(int after)
    {
        var place = await _engine.Blobs.PutAsync(Samples.Digest(Large), Large, TestContext.Current.CancellationToken);

        // A busy machine may take as long for a read that does not stall: then that is repeated, too.
        using var impatient = _engine.OpenProcess(_settings with { SilenceTimeout = TimeSpan.FromSeconds(2), Attempts = 20 });
        _proxy.Damage(new Fault(FaultKind.Stall, after), "GET ");
        Assert.Equal(Large, await impatient.Blobs.ReadAsync(place));
        Assert.Equal(1, _proxy.Faults);
    }

    [Fact]
    public async Task A_read_does_not_go_on_in_other_bytes()
    {
        var place = await _engine.Blobs.PutAsync(Samples.Digest(Large), Large, TestContext.Current.CancellationToken);
        _proxy.Damage(new Fault(FaultKind.ResetAnswer, Head + 2_000_000), "GET ");
        await using var open = (await _engine.Blobs.OpenAsync(place, TestContext.Current.CancellationToken))!;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1000, resumeWriterThreshold: 1, minimumSegmentSize: 4096));
        var copying = open.CopyToAsync(pipe.Writer, 0, Large.Length, TestContext.Current.CancellationToken);
        var begun = await pipe.Reader.ReadAtLeastAsync(1000, TestContext.Current.CancellationToken);
        await _gateway.ReplaceAsync(_settings, place.Key!, Samples.Bytes(3, Large.Length));
        pipe.Reader.AdvanceTo(begun.Buffer.Start);
        var reading = pipe.Reader.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);

        var failed = await Assert.ThrowsAsync<StorageException>(() => copying);

        await pipe.Writer.CompleteAsync();
        await reading;
        Assert.Contains("412", failed.Message, StringComparison.Ordinal);
        Assert.False(failed.IsTransient);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_large_upload_becomes_a_blob_whatever_happens_to_a_request(FaultKind kind)
    {
        var content = Samples.Bytes(4, (2 * PartSize) + 1000);
        foreach (var (method, with) in new[] { ("POST ", "uploads"), ("PUT ", "partNumber=2&"), ("POST ", "uploadId=") })
        {
            _proxy.Damage(new Fault(kind), method, with);
            await using var upload = _engine.UploadBytes.Open(Guid.NewGuid(), 0);
            await upload.AppendAsync(new(content), null);
            Assert.Equal(content, await _engine.Blobs.ReadAsync(await upload.CommitAsync(Samples.Digest(content))));
        }

        Assert.Equal(3, _proxy.Faults);
    }

    [Fact]
    public async Task A_store_that_does_not_work_is_left_alone_until_it_does()
    {
        await using var engine = new S3Engine(_settings with { Attempts = 3 });
        var place = await engine.Blobs.PutAsync(Samples.Digest(Small), Small, TestContext.Current.CancellationToken);
        _proxy.Choose = _ => new Fault(FaultKind.SlowDown);
        StorageException failed;
        do
        {
            failed = await Assert.ThrowsAsync<StorageException>(() => engine.Blobs.StatAsync(place, TestContext.Current.CancellationToken).AsTask());
            Assert.True(failed.IsTransient);
        }
        while (engine.Storage.Failure is null);

        Assert.Contains("503", engine.Storage.Failure, StringComparison.Ordinal);
        var exchanges = _proxy.Exchanges;
        await Assert.ThrowsAsync<StorageException>(() => engine.UploadBytes.EnsureOpenAsync().AsTask());
        await Assert.ThrowsAsync<StorageException>(() => engine.Blobs.StatAsync(place, TestContext.Current.CancellationToken).AsTask());
        Assert.InRange(_proxy.Exchanges - exchanges, 0, 1);

        _proxy.Choose = _ => null;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    return await engine.Blobs.StatAsync(place, TestContext.Current.CancellationToken) == Small.Length;
                }
                catch (StorageException)
                {
                    return false;
                }
            },
            "the store is used again",
            TestContext.Current.CancellationToken);
        Assert.Null(engine.Storage.Failure);
    }

    [Fact]
    public async Task Faults_at_random_never_tear_a_blob()
    {
        var seed = Seed.Choose("S3_FAULT_SEED");
        var random = new Random(seed);
        _proxy.Choose = _ =>
        {
            lock (random)
            {
                return random.Next(4) > 0 ? null : new Fault((FaultKind)random.Next((int)FaultKind.Stall), random.Next(2_000_000));
            }
        };
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => Task.Run(async () =>
        {
            var content = Samples.Bytes(i, i % 10 == 0 ? PartSize + 500_000 : 20_000 * (i + 1));
            try
            {
                var id = Guid.NewGuid();
                await using (var patch = _engine.UploadBytes.Open(id, 0))
                {
                    await patch.AppendAsync(new(content), null);
                    await patch.FlushAsync();
                }

                await using var put = _engine.UploadBytes.Open(id, content.Length);
                var place = await put.CommitAsync(Samples.Digest(content));
                Assert.Equal(content, await _engine.Blobs.ReadAsync(place));
                return true;
            }
            catch (StorageException)
            {
                return false;
            }
        })));
        Assert.True(outcomes.Count(isStored => isStored) > outcomes.Length / 2, $"S3_FAULT_SEED={seed}");
        Assert.True(_proxy.Faults > 10, $"S3_FAULT_SEED={seed}");
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _proxy.DisposeAsync();
    }
}
