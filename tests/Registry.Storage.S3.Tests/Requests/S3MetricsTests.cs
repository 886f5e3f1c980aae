using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Objects;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.S3.Blobs;
using Registry.Storage.S3.Requests;
using Registry.Storage.S3.Uploads;
using Registry.Testing.Engines;

namespace Registry.Storage.S3.Tests.Requests;

/// <summary>Requests are counted by what they do and how they end, each attempt once.</summary>
public sealed class S3MetricsTests : IAsyncDisposable
{
    private const string Requests = "registry.s3.requests";
    private const string Key = "blobs/measured";

    private static readonly byte[] Content = Samples.Bytes(1, 300_000);
    private static readonly byte[] Part = Samples.Bytes(2, 5 * 1024 * 1024);

    private readonly FaultProxy _proxy;
    private readonly S3Settings _settings;
    private readonly UploadMemory _memory = new(1024 * 1024, TimeSpan.FromSeconds(1));
    private MeterReader _metrics = new();
    private S3Client _client = null!;

    public S3MetricsTests(Gateway gateway)
    {
        _proxy = new FaultProxy(gateway.Ceph.Endpoint);
        _settings = gateway.NewSettings() with { Endpoint = _proxy.Address };
        Connect(_settings);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_operation_counts_once_with_its_result()
    {
        Assert.Empty(_metrics.Read(Requests));
        await PutAsync();
        Assert.Equal(HttpStatusCode.OK, await _client.CallAsync(new S3Request(HttpMethod.Head, Key), Cancel));
        await _client.CallAsync(new S3Request(HttpMethod.Head, "blobs/missing") { Expected = HttpStatusCode.NotFound }, Cancel);
        await using (var source = (await S3Source.OpenAsync(_client, Key, Cancel))!)
        {
            Assert.Equal(Content, (await source.ReadAsync(Cancel)).ToArray());
        }

        Assert.Null(await S3Source.OpenAsync(_client, "blobs/missing", Cancel));
        var multipart = await _client.BeginPartsAsync("blobs/large", Cancel);
        List<ObjectPart> parts = [await SendPartAsync(multipart, 1), await SendPartAsync(multipart, 2)];
        Assert.True(await _client.JoinAsync("blobs/large", multipart, parts, Cancel));
        var abandoned = await _client.BeginPartsAsync("blobs/abandoned", Cancel);
        await _client.AbandonPartsAsync("blobs/abandoned", abandoned, Cancel);
        await _client.AbandonPartsAsync("blobs/abandoned", abandoned, Cancel);
        Assert.Equal(2, (await _client.ListAsync("blobs/", null, 10, Cancel)).Count);
        await _client.DeleteAsync([Key, "blobs/large"], Cancel);

        (string, double Count)[] expected =
        [
            ("put ok", 1), ("head ok", 1), ("head not_found", 1), ("get ok", 1), ("get not_found", 1), ("create ok", 2), ("part ok", 2), ("complete ok", 1),
            ("abort ok", 1), ("abort not_found", 1), ("list ok", 1), ("delete ok", 1),
        ];
        AssertRequests(expected);
        Assert.Equal(expected.Sum(row => row.Count), _proxy.Exchanges);
        Assert.Equal(_proxy.Exchanges, _metrics.Read("registry.s3.request.duration").Values.Sum());
        Assert.Equal(Content.Length + (2 * Part.Length), _metrics["registry.s3.sent"]);
        Assert.Equal(Content.Length, _metrics["registry.s3.received"]);
        Assert.Equal(0, _metrics["registry.s3.retries"]);

        // Every value of the labels is there from the start.
        Assert.Equal(9 * 7, _metrics.Read().Keys.Count(series => series.StartsWith($"{Requests} ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(FaultKind.SlowDown, "throttled")]
    [InlineData(FaultKind.InternalError, "server_error")]
    [InlineData(FaultKind.ResetRequest, "no_answer")]
    public async Task A_fault_and_its_repetition_count(FaultKind kind, string result)
    {
        _proxy.Damage(new Fault(kind), "PUT ");
        await PutAsync();
        AssertRequests(("put ok", 1), ($"put {result}", 1));
        Assert.Equal(1, _metrics["registry.s3.retries"]);
    }

    // A connection that is reset before such a call has sent its body is replaced below: HttpClient sends it again.
    [Theory]
    [InlineData(FaultKind.SlowDown, "throttled")]
    [InlineData(FaultKind.InternalError, "server_error")]
    public async Task A_fault_of_a_call_of_the_SDK_and_its_repetition_count(FaultKind kind, string result)
    {
        _proxy.Damage(new Fault(kind), "POST ", "delete");
        await _client.DeleteAsync([Key], Cancel);
        AssertRequests(("delete ok", 1), ($"delete {result}", 1));
        Assert.Equal(1, _metrics["registry.s3.retries"]);
    }

    [Fact]
    public async Task A_read_that_breaks_off_counts_its_second_request_and_all_bytes()
    {
        await PutAsync();
        _proxy.Damage(new Fault(FaultKind.ResetAnswer, 100_000), "GET ");
        await using var source = (await S3Source.OpenAsync(_client, Key, Cancel))!;
        Assert.Equal(Content, (await source.ReadAsync(Cancel)).ToArray());

        AssertRequests(("put ok", 1), ("get ok", 2));
        Assert.Equal(1, _metrics["registry.s3.retries"]);
        Assert.Equal(Content.Length, _metrics["registry.s3.received"]);
    }

    [Fact]
    public async Task A_request_that_the_store_refuses_counts_as_the_fault_of_the_client_and_is_not_repeated()
    {
        Connect(_settings with { SecretKey = "wrong" });
        await Assert.ThrowsAsync<StorageException>(PutAsync);
        await Assert.ThrowsAsync<StorageException>(() => _client.ListAsync("blobs/", null, 1, Cancel));

        AssertRequests(("put client_error", 1), ("list client_error", 1));
        Assert.Equal(0, _metrics["registry.s3.retries"]);
    }

    [Fact]
    public async Task A_store_that_is_silent_has_given_no_answer_and_a_caller_that_leaves_has_cancelled()
    {
        _proxy.Choose = _ => new Fault(FaultKind.Stall);
        Connect(_settings with { SilenceTimeout = TimeSpan.FromMilliseconds(200), Attempts = 1 });
        await Assert.ThrowsAsync<StorageException>(() => _client.CallAsync(new S3Request(HttpMethod.Get, Key), Cancel));
        await Assert.ThrowsAsync<StorageException>(() => _client.ListAsync("blobs/", null, 1, Cancel));
        AssertRequests(("get no_answer", 1), ("list no_answer", 1));

        Connect(_settings);
        using var caller = new CancellationTokenSource();
        var (before, calling) = (_proxy.Faults, _client.CallAsync(new S3Request(HttpMethod.Get, Key), caller.Token));
        await Eventually.TrueAsync(() => _proxy.Faults > before);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calling);
        AssertRequests(("get cancelled", 1));
    }

    [Fact]
    public async Task The_circuit_is_open_while_requests_are_refused_which_do_not_count()
    {
        Connect(_settings with { Attempts = 1 });
        _proxy.Choose = _ => new Fault(FaultKind.InternalError);
        for (var i = 0; i < S3Circuit.Threshold; i++)
        {
            Assert.Equal(0, _metrics["registry.s3.circuit.open"]);
            await Assert.ThrowsAsync<StorageException>(PutAsync);
        }

        Assert.Equal(1, _metrics["registry.s3.circuit.open"]);
        await Assert.ThrowsAsync<StorageException>(PutAsync);
        Assert.Equal(_proxy.Exchanges, _metrics[$"{Requests} put server_error"]);

        _proxy.Choose = _ => null;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    await PutAsync();
                    return true;
                }
                catch (StorageException)
                {
                    return false;
                }
            },
            "the circuit lets a request through");
        Assert.Equal(0, _metrics["registry.s3.circuit.open"]);
    }

    [Fact]
    public void The_memory_of_uploads_that_is_used_is_told_beside_its_limit()
    {
        Assert.Equal((0, 1024 * 1024), (_metrics["registry.s3.upload_memory.used"], _metrics["registry.s3.upload_memory.limit"]));
        var block = _memory.TryRent()!;
        Assert.Equal(UploadMemory.BlockSize, _metrics["registry.s3.upload_memory.used"]);
        _memory.Return(block);
        Assert.Equal(0, _metrics["registry.s3.upload_memory.used"]);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _memory.Dispose();
        _metrics.Dispose();
        await _proxy.DisposeAsync();
    }

    private void Connect(S3Settings settings)
    {
        _client?.Dispose();
        _metrics.Dispose();
        _metrics = new MeterReader();
        _client = new S3Client(settings, TimeProvider.System, NullLoggerFactory.Instance);
        _client.Metrics.AddTo(_metrics.Meter, () => _client.Circuit.Failure is not null, _memory, () => WaitingObjects.None);
    }

    private void AssertRequests(params IEnumerable<(string Labels, double Count)> expected) => Assert.Equal(
        string.Join('\n', expected.Select(row => $"{row.Labels}: {row.Count}").Order(StringComparer.Ordinal)),
        string.Join('\n', _metrics.Read(Requests).Select(row => $"{row.Key}: {row.Value}").Order(StringComparer.Ordinal)));

    private Task PutAsync() => _client.CallAsync(new S3Request(HttpMethod.Put, Key) { Content = [Content] }, Cancel);

    private async Task<ObjectPart> SendPartAsync(string multipart, int number)
    {
        var request = new S3Request(HttpMethod.Put, "blobs/large") { Query = [("partNumber", $"{number}"), ("uploadId", multipart)], Content = [Part] };
        using var answer = await _client.SendAsync(request, Cancel);
        return new ObjectPart(Part.Length, answer.Headers.ETag!.Tag);
    }
}
