using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Tests.Requests;

/// <summary>
/// Requests that reach the store after their link has expired, as those of a process that was frozen do: the store answers them as if the key had no rights (Ceph
/// and AWS, 403 AccessDenied).
/// </summary>
public sealed class LateRequestTests(Gateway gateway)
{
    private readonly ShiftedTime _time = new();
    private readonly S3Settings _settings = gateway.NewSettings();
    private int _requests;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_object_is_sent_again_with_a_new_link()
    {
        using var client = NewClient(lateRequests: 1);
        Assert.Equal(HttpStatusCode.OK, await client.CallAsync(new S3Request(HttpMethod.Put, "blobs/late") { Content = [Samples.Bytes(1, 100)] }, Cancel));
        Assert.Equal(2, _requests);
    }

    [Fact]
    public async Task A_part_is_not_since_another_process_may_have_the_upload()
    {
        using var client = NewClient(lateRequests: 1);
        var multipart = await client.BeginPartsAsync("blobs/late", Cancel);
        _requests = 0;
        var part = new S3Request(HttpMethod.Put, "blobs/late") { Query = [("partNumber", "1"), ("uploadId", multipart)], Content = [Samples.Bytes(1, 100)] };
        var refused = await Assert.ThrowsAsync<StorageException>(() => client.CallAsync(part, Cancel));
        Assert.True(refused.IsTransient);
        Assert.EndsWith("has got a part too late: this process, or the network, has stood still for 15 s", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, _requests);
    }

    [Fact]
    public async Task A_key_without_rights_is_named_as_before()
    {
        using var client = NewClient(lateRequests: 0, refusedRequests: 1);
        var refused = await Assert.ThrowsAsync<StorageException>(() => client.CallAsync(new S3Request(HttpMethod.Get, "blobs/late"), Cancel));
        Assert.False(refused.IsTransient);
        Assert.Contains("is closed to the access key (403 AccessDenied)", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, _requests);
    }

    // The first request finds that the clocks are an hour apart; the second one was signed before, and its refusal has no date.
    [Fact]
    public async Task A_request_that_was_signed_before_another_one_learned_the_time_of_the_store_is_sent_again()
    {
        var hasLearned = false;
        S3Client client = null!;
        client = new S3Client(_settings, _time, NullLoggerFactory.Instance, new Interference(async (request, send) =>
        {
            if (hasLearned || !request.RequestUri!.AbsolutePath.EndsWith("blobs/late", StringComparison.Ordinal))
            {
                return await send();
            }

            hasLearned = true;
            _time.Ahead = TimeSpan.FromHours(1);
            await client.CallAsync(new S3Request(HttpMethod.Put, "blobs/other") { Content = [Samples.Bytes(1, 100)] }, Cancel);
            return Forbidden();
        }).Around);
        using (client)
        {
            Assert.Equal(HttpStatusCode.OK, await client.CallAsync(new S3Request(HttpMethod.Put, "blobs/late") { Content = [Samples.Bytes(1, 100)] }, Cancel));
        }
    }

    private S3Client NewClient(int lateRequests, int refusedRequests = 0) => new(_settings, _time, NullLoggerFactory.Instance, new Interference((request, send) =>
    {
        // The SDK signs the calls without bytes itself.
        if (!request.RequestUri!.Query.Contains("X-Amz-Expires", StringComparison.Ordinal))
        {
            return send();
        }

        var number = Interlocked.Increment(ref _requests);
        if (number > lateRequests + refusedRequests)
        {
            return send();
        }

        _time.Shift += number <= lateRequests ? TimeSpan.FromSeconds(15) : TimeSpan.Zero;
        return Task.FromResult(Forbidden());
    }).Around);

    private static HttpResponseMessage Forbidden() => new(HttpStatusCode.Forbidden)
    {
        Content = new StringContent("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><RequestId>tx1</RequestId><HostId>a</HostId></Error>"),
    };

    // The clock of the system, which may be ahead, and whose monotonic count can be set forward.
    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Shift.TotalSeconds * TimestampFrequency);
    }
}
