using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using ObjectPart = Registry.Core.Objects.ObjectPart;

namespace Registry.Storage.S3.Requests;

/// <summary>
/// Requests to the bucket. Bytes go over presigned links and connections of our own, without the buffers and checks of the SDK; the SDK has the credentials and
/// makes the calls without bytes. Both repeat what a passing fault has ended.
/// </summary>
internal sealed class S3Client : IDisposable
{
    // A link is used at once. Its lifetime bounds how late a request of a process that was frozen meanwhile may begin.
    private static readonly TimeSpan LinkLifetime = TimeSpan.FromSeconds(15);

    // The store answers when it has joined all parts, which takes longer the more there are.
    private const int JoiningPatience = 4;

    private readonly HttpMessageHandler _handler;
    private readonly HttpClient _http;
    private readonly AmazonS3Client _control;
    private readonly S3Links _links;
    private readonly S3Links _clientLinks;
    private readonly S3Clock _clock;
    private readonly TimeProvider _time;

    /// <summary>Prepares a client; no request is made.</summary>
    /// <param name="settings">The bucket.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="around">Puts a handler around the connections, for tests; null for none.</param>
    /// <exception cref="StorageException">There are no credentials.</exception>
    public S3Client(S3Settings settings, TimeProvider time, ILoggerFactory loggers, Func<HttpMessageHandler, HttpMessageHandler>? around = null)
    {
        Address = new S3Address(settings);
        SilenceTimeout = settings.SilenceTimeout;
        Circuit = new S3Circuit(Address.ToString(), time, loggers.CreateLogger<S3Circuit>());
        Attempts = new S3Attempts(Address.ToString(), settings.Attempts, Circuit, Metrics, time, loggers.CreateLogger<S3Attempts>());
        _clock = new S3Clock(time);
        _time = time;
        var credentials = CredentialsOf(settings);
        var connections = S3Connections.Create(settings);
        _handler = around?.Invoke(connections) ?? connections;
        _http = new HttpClient(_handler) { Timeout = Timeout.InfiniteTimeSpan };
        _links = new S3Links(Address, settings.Region, credentials, _clock);
        _clientLinks = new S3Links(new S3Address(settings with { Endpoint = settings.PublicEndpoint ?? settings.Endpoint }), settings.Region, credentials, _clock);
        _control = new AmazonS3Client(credentials, ControlOf(settings));
    }

    /// <summary>Addresses of the objects.</summary>
    public S3Address Address { get; }

    /// <summary>Longest time without a byte in either direction.</summary>
    public TimeSpan SilenceTimeout { get; }

    /// <summary>Repeats requests.</summary>
    public S3Attempts Attempts { get; }

    /// <summary>Refuses requests while the store does not work.</summary>
    public S3Circuit Circuit { get; }

    /// <summary>Counts the requests.</summary>
    public S3Metrics Metrics { get; } = new();

    /// <summary>Sends a request, and returns when the head of the answer is there. The caller disposes the answer.</summary>
    /// <exception cref="StorageException">The store has refused, or does not work.</exception>
    public Task<HttpResponseMessage> SendAsync(S3Request request, CancellationToken cancellationToken) =>
        Attempts.RunAsync(token => SendOnceAsync(request, token), cancellationToken);

    /// <summary>Sends a request whose answer has no bytes that matter.</summary>
    /// <exception cref="StorageException">The store has refused, or does not work.</exception>
    public async Task<HttpStatusCode> CallAsync(S3Request request, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(request, cancellationToken);
        return answer.StatusCode;
    }

    /// <summary>Signs a link by which a client reads an object. No request is made.</summary>
    /// <param name="key">Key of the object.</param>
    /// <exception cref="StorageException">The store does not work, or there are no credentials.</exception>
    public async ValueTask<Uri> LinkForClientAsync(string key)
    {
        if (Circuit.Failure is { } failure)
        {
            throw new StorageException(failure) { IsTransient = true };
        }

        try
        {
            return await _clientLinks.SignAsync(HttpMethod.Get, key, S3Settings.LongestClientLink);
        }
        catch (Exception e) when (S3Attempts.IsFault(e, CancellationToken.None, out var fault))
        {
            throw Attempts.Describe(fault, e);
        }
    }

    /// <summary>Lists keys below the prefix, in the order of the store, a page at a time.</summary>
    /// <param name="folder">Beginning of the keys.</param>
    /// <param name="after">Key after which the listing continues; null for the beginning.</param>
    /// <param name="limit">Number of keys of a page, at most 1,000.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async Task<IReadOnlyList<string>> ListAsync(string folder, string? after, int limit, CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = Address.Bucket,
            Prefix = Address.FullKey(folder),
            StartAfter = after is null ? null : Address.FullKey(after),
            MaxKeys = limit,
        };
        var page = await ControlAsync(S3Operation.List, token => _control.ListObjectsV2Async(request, token), cancellationToken);
        return [.. (page.S3Objects ?? []).Select(found => Address.ShortKey(found.Key))];
    }

    /// <summary>Deletes objects, at most 1,000. A key without an object is no fault.</summary>
    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectsRequest
        {
            BucketName = Address.Bucket,
            Quiet = true,
            Objects = [.. keys.Select(key => new KeyVersion { Key = Address.FullKey(key) })],
        };
        return ControlAsync(S3Operation.Delete, token => _control.DeleteObjectsAsync(request, token), cancellationToken);
    }

    /// <summary>Deletes all versions of an object, and the marks of its deletion, which a bucket with versions keeps.</summary>
    /// <param name="key">Key of the object.</param>
    /// <param name="cancellationToken">Ends the work between two requests.</param>
    /// <exception cref="StorageException">The store has refused, or does not work.</exception>
    public async Task DeleteVersionsAsync(string key, CancellationToken cancellationToken)
    {
        var full = Address.FullKey(key);
        var request = new ListVersionsRequest { BucketName = Address.Bucket, Prefix = full };
        for (var hasMore = true; hasMore;)
        {
            var page = await ControlAsync(S3Operation.List, token => _control.ListVersionsAsync(request, token), cancellationToken);
            var versions = (page.Versions ?? []).Where(version => version.Key == full).ToList();
            if (versions.Count > 0)
            {
                var deletion = new DeleteObjectsRequest
                {
                    BucketName = Address.Bucket,
                    Quiet = true,
                    Objects = [.. versions.Select(version => new KeyVersion { Key = full, VersionId = version.VersionId })],
                };
                await ControlAsync(S3Operation.Delete, token => _control.DeleteObjectsAsync(deletion, token), cancellationToken);
            }

            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
            hasMore = page.IsTruncated is true;
        }
    }

    /// <summary>Begins a multipart upload.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> BeginPartsAsync(string key, CancellationToken cancellationToken)
    {
        var request = new InitiateMultipartUploadRequest { BucketName = Address.Bucket, Key = Address.FullKey(key) };
        return (await ControlAsync(S3Operation.Create, token => _control.InitiateMultipartUploadAsync(request, token), cancellationToken)).UploadId;
    }

    /// <summary>Joins the parts of a multipart upload to an object.</summary>
    /// <returns>False if there is no such upload, as when it has become the object already.</returns>
    public Task<bool> JoinAsync(string key, string multipart, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken)
    {
        var request = new CompleteMultipartUploadRequest
        {
            BucketName = Address.Bucket,
            Key = Address.FullKey(key),
            UploadId = multipart,
            PartETags = [.. parts.Select((part, i) => new PartETag(i + 1, part.Tag))],
        };
        return FindAsync(S3Operation.Complete, token => _control.CompleteMultipartUploadAsync(request, token), JoiningPatience * SilenceTimeout, cancellationToken);
    }

    /// <summary>Ends a multipart upload, whose parts go. One that has ended is no fault.</summary>
    public Task AbandonPartsAsync(string key, string multipart, CancellationToken cancellationToken)
    {
        var request = new AbortMultipartUploadRequest { BucketName = Address.Bucket, Key = Address.FullKey(key), UploadId = multipart };
        return FindAsync(S3Operation.Abort, token => _control.AbortMultipartUploadAsync(request, token), SilenceTimeout, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _control.Dispose();
        _http.Dispose();
        _handler.Dispose();
    }

    private Task<T> ControlAsync<T>(S3Operation operation, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        Attempts.RunAsync(token => CallOnceAsync(operation, call, SilenceTimeout, token), cancellationToken);

    // False if there is no such upload.
    private Task<bool> FindAsync<T>(S3Operation operation, Func<CancellationToken, Task<T>> call, TimeSpan limit, CancellationToken cancellationToken) =>
        Attempts.RunAsync(
            async token =>
            {
                try
                {
                    await CallOnceAsync(operation, call, limit, token);
                    return true;
                }
                catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload")
                {
                    return false;
                }
            },
            cancellationToken);

    private async Task<T> CallOnceAsync<T>(S3Operation operation, Func<CancellationToken, Task<T>> call, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(limit);
        return await Metrics.MeasureAsync(operation, () => call(patience.Token), cancellationToken);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(S3Request request, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(SilenceTimeout);
        var (signedAt, offset) = (_time.GetTimestamp(), _clock.Offset);
        using var message = new HttpRequestMessage(request.Method, await _links.SignAsync(request.Method, request.Key, LinkLifetime, request.Query));
        message.Headers.Range = request.Range;
        if (request.IfMatch is { } tag)
        {
            message.Headers.IfMatch.Add(tag);
        }

        if (request.Content is { } content)
        {
            message.Content = new S3Content(content, request.Md5, Taken);
        }

        try
        {
            return await Metrics.MeasureAsync(request.Operation, ExchangeAsync, cancellationToken);
        }
        catch (S3Error error) when (error.Status == HttpStatusCode.Forbidden)
        {
            var isLate = _time.GetElapsedTime(signedAt) >= LinkLifetime;
            if (isLate && request.IsPart)
            {
                // Another process may have the upload by now, so this one must find out whether it still does before it sends the part again.
                throw new StorageException($"S3: {Address} has got a part too late: this process, or the network, has stood still for {LinkLifetime.TotalSeconds} s") { IsTransient = true };
            }

            throw isLate || _clock.HasLearnedSince(offset) ? new S3Error(error.Status, "RequestTimeTooSkewed", error.Message) : error;
        }

        async Task<HttpResponseMessage> ExchangeAsync()
        {
            var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, silence.Token);
            _clock.Learn(answer.Headers.Date, _time.GetElapsedTime(signedAt));
            if (answer.IsSuccessStatusCode || answer.StatusCode == request.Expected)
            {
                return answer;
            }

            using (answer)
            {
                throw await S3Error.ReadAsync(answer, silence.Token);
            }
        }

        void Taken(int bytes)
        {
            Metrics.Sent(bytes);
            silence.CancelAfter(SilenceTimeout);
        }
    }

    private AWSCredentials CredentialsOf(S3Settings settings)
    {
        if (settings is { AccessKey: { } access, SecretKey: { } secret })
        {
            return new BasicAWSCredentials(access, secret);
        }

        try
        {
            return DefaultAWSCredentialsIdentityResolver.GetCredentials();
        }
        catch (AmazonClientException e)
        {
            throw Attempts.Describe(S3Fault.Of(e)!, e);
        }
    }

    private AmazonS3Config ControlOf(S3Settings settings)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = settings.PathStyle,
            MaxErrorRetry = 0,
            HttpClientFactory = new S3Connections.Factory(_handler),
            Timeout = JoiningPatience * settings.SilenceTimeout,

            // Stores beside AWS refuse what the SDK sends by default.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (settings.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.AbsoluteUri;
            config.AuthenticationRegion = settings.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(settings.Region);
        }

        return config;
    }
}
