using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams.Requests;
using Registry.Outgoing;

namespace Registry.Mirror.Upstreams;

/// <summary>An upstream that is asked over HTTP (OCI distribution-spec).</summary>
internal sealed class HttpUpstream : IUpstream, IDisposable
{
    private static readonly string[] ManifestTypes = [MediaTypes.OciIndex, MediaTypes.OciManifest, MediaTypes.DockerManifestList, MediaTypes.DockerManifest];

    private readonly UpstreamLimits _limits;
    private readonly UpstreamClient _client;

    // Whole blobs leave connections to ranges, for which clients wait that read the end of a layer first, and both to requests without long bodies.
    private readonly TurnSlots _bodies;
    private readonly TurnSlots _ranges;

    /// <summary>Prepares an upstream; no request is made.</summary>
    /// <param name="settings">The configuration.</param>
    /// <param name="version">Version of this registry, which the upstream is told.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="proxy">Proxy, with the hosts that are reached without it; null for none.</param>
    /// <param name="network">The network; null for that of the machine.</param>
    public HttpUpstream(
        UpstreamSettings settings, string version, UpstreamLimits limits, TimeProvider time, ILoggerFactory loggers, IWebProxy? proxy = null, OutgoingNetwork? network = null)
    {
        (Settings, _limits) = (settings, limits);
        _client = new UpstreamClient(settings, new ProductInfoHeaderValue("registry", version), limits, time, loggers, proxy, network ?? OutgoingNetwork.OfMachine);
        _ranges = new TurnSlots(Math.Max(1, settings.Connections / 4));
        _bodies = new TurnSlots(Math.Max(1, settings.Connections / 2));
    }

    /// <inheritdoc/>
    public UpstreamSettings Settings { get; }

    /// <inheritdoc/>
    public UpstreamFault? Away => _client.Away;

    /// <inheritdoc/>
    public DateTimeOffset? AwaySince => _client.AwaySince;

    /// <inheritdoc/>
    public UpstreamCounters Counters => _client.Counters;

    /// <inheritdoc/>
    public async Task<UpstreamResult<UpstreamManifest>> FindManifestAsync(string repository, Reference reference, CancellationToken cancellationToken)
    {
        try
        {
            var request = Manifest(HttpMethod.Head, repository, reference) with { IsExpected = status => status is 405 or 501 };
            var found = await _client.RunAsync(request, (answer, _) => Task.FromResult(Head(answer, reference)), cancellationToken);
            return found ?? await GetAsync(repository, reference, cancellationToken);
        }
        catch (UpstreamException e)
        {
            return e.Fault;
        }
    }

    /// <inheritdoc/>
    public async Task<UpstreamResult<UpstreamManifest>> GetManifestAsync(string repository, Reference reference, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(repository, reference, cancellationToken);
        }
        catch (UpstreamException e)
        {
            return e.Fault;
        }
    }

    /// <inheritdoc/>
    public async Task<UpstreamResult<long>> FindBlobAsync(string repository, Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            // A signed link to which a HEAD is redirected may allow a GET alone.
            var request = Blob(HttpMethod.Head, repository, digest) with { IsExpected = status => status is 403 or 405 or 501 };
            return await _client.RunAsync(request, (answer, _) => Task.FromResult(Size(answer)), cancellationToken)
                ?? await _client.RunAsync(
                    Blob(HttpMethod.Get, repository, digest) with { Range = new RangeHeaderValue(0, 0), IsExpected = status => status is 206 or 416 },
                    (answer, _) => Task.FromResult(SizeOfRange(answer)),
                    cancellationToken);
        }
        catch (UpstreamException e)
        {
            return e.Fault;
        }
    }

    /// <inheritdoc/>
    public async Task<UpstreamResult<UpstreamBlob>> OpenBlobAsync(string repository, Digest digest, long offset, long? length, CancellationToken cancellationToken)
    {
        var taken = length is null ? await _bodies.TakeAsync(Timeout.InfiniteTimeSpan, cancellationToken) : await _ranges.TakeAsync(_limits.Range, cancellationToken);
        if (taken is not { } slot)
        {
            return new UpstreamFault(UpstreamFaultKind.Away, $"{Settings.Name} is asked for other ranges already");
        }

        UpstreamBlob? blob = null;
        try
        {
            var range = offset > 0 || length is not null ? new RangeHeaderValue(offset, offset + length - 1) : null;
            var request = Blob(HttpMethod.Get, repository, digest) with { Range = range, IsExpected = status => status is 206 or 416 };
            return blob = await _client.RunAsync(request, (answer, _) => OpenAsync(answer, range, slot), cancellationToken);
        }
        catch (UpstreamException e)
        {
            return e.Fault;
        }
        finally
        {
            if (blob is null)
            {
                slot.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public async Task<UpstreamResult<UpstreamTags>> ListTagsAsync(string repository, string? last, int? limit, CancellationToken cancellationToken)
    {
        var query = string.Join('&', new[] { limit is null ? null : $"n={limit}", last is null ? null : $"last={Uri.EscapeDataString(last)}" }.OfType<string>());
        var request = new UpstreamRequest(UpstreamRequestKind.Tags, HttpMethod.Get, repository, $"tags/list{(query.Length > 0 ? $"?{query}" : query)}");
        try
        {
            return await _client.RunAsync(request, ReadTagsAsync, cancellationToken);
        }
        catch (UpstreamException e)
        {
            return e.Fault;
        }
    }

    /// <inheritdoc/>
    public async Task<UpstreamResult<ReadOnlyMemory<byte>>> ListReferrersAsync(string repository, Digest subject, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadReferrersAsync(repository, subject, cancellationToken) ?? await ReadFallbackAsync(repository, subject, cancellationToken);
        }
        catch (UpstreamException e)
        {
            return e.Fault;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static UpstreamRequest Manifest(HttpMethod method, string repository, Reference reference) =>
        new(UpstreamRequestKind.Manifest, method, repository, $"manifests/{reference}") { Accept = ManifestTypes };

    private static UpstreamRequest Blob(HttpMethod method, string repository, Digest digest) => new(UpstreamRequestKind.Blob, method, repository, $"blobs/{digest}");

    private Task<UpstreamManifest> GetAsync(string repository, Reference reference, CancellationToken cancellationToken) =>
        _client.RunAsync(Manifest(HttpMethod.Get, repository, reference), (answer, token) => ReadManifestAsync(answer, reference, token), cancellationToken);

    // Null if only a GET tells.
    private static UpstreamManifest? Head(UpstreamAnswer answer, Reference reference)
    {
        using (answer)
        {
            if (answer.Message.StatusCode != HttpStatusCode.OK)
            {
                return null;
            }

            var digest = reference.Digest ?? DigestOf(answer);
            if (DigestOf(answer) is { } told && told != digest && told.Algorithm == digest?.Algorithm)
            {
                throw Wrong($"{answer.Host} answered with {told} in place of {digest}");
            }

            return digest is { } known ? new UpstreamManifest(known, TypeOf(answer), default) : null;
        }
    }

    private async Task<UpstreamManifest> ReadManifestAsync(UpstreamAnswer answer, Reference reference, CancellationToken cancellationToken)
    {
        using (answer)
        {
            var content = await _client.Sender.ReadAsync(answer.Message, answer.Host, $"a manifest {reference}", _limits.ManifestSize, cancellationToken);
            var expected = reference.Digest ?? DigestOf(answer);
            var digest = (expected?.Algorithm ?? DigestAlgorithm.Sha256).Compute(content.Span);
            return expected is { } one && one != digest
                ? throw Wrong($"{answer.Host} sent a manifest with the digest {digest} in place of {one}")
                : new UpstreamManifest(digest, TypeOf(answer), content);
        }
    }

    private static Digest? DigestOf(UpstreamAnswer answer) =>
        answer.Message.Headers.NonValidated.TryGetValues("Docker-Content-Digest", out var values) && Digest.TryParse(values.ToString(), out var digest) ? digest : null;

    private static string? TypeOf(UpstreamAnswer answer) => answer.Message.Content.Headers.ContentType?.MediaType;

    private static long? Size(UpstreamAnswer answer)
    {
        using (answer)
        {
            var headers = answer.Message.Content.Headers;
            return answer.Message.StatusCode == HttpStatusCode.OK && headers.ContentEncoding.Count == 0 ? headers.ContentLength : null;
        }
    }

    private static long SizeOfRange(UpstreamAnswer answer)
    {
        using (answer)
        {
            UpstreamSender.RefuseEncoding(answer.Message, answer.Host);
            var headers = answer.Message.Content.Headers;

            // Of an empty blob there is no first byte.
            return (answer.Message.StatusCode == HttpStatusCode.OK ? headers.ContentLength : headers.ContentRange?.Length)
                ?? throw new UpstreamException(UpstreamFaultKind.Away, $"{answer.Host} does not tell the size of a blob");
        }
    }

    private async Task<UpstreamBlob> OpenAsync(UpstreamAnswer answer, RangeHeaderValue? range, IDisposable slot)
    {
        try
        {
            UpstreamSender.RefuseEncoding(answer.Message, answer.Host);
            var headers = answer.Message.Content.Headers;
            var isWhole = answer.Message.StatusCode == HttpStatusCode.OK;
            if (answer.Message.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                throw Wrong($"{answer.Host} has fewer bytes of the blob than were asked for");
            }

            if (!isWhole && !IsPartOf(headers, range?.Ranges.Single()))
            {
                throw Wrong($"{answer.Host} answered with another range than was asked for");
            }

            var body = await _client.Sender.OpenAsync(answer.Message, answer.Host, slot.Dispose);
            return isWhole ? new UpstreamBlob(body, headers.ContentLength, 0) : new UpstreamBlob(body, headers.ContentRange!.Length, headers.ContentRange.From!.Value);
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    // It may end earlier than was asked for, where the blob does.
    private static bool IsPartOf(HttpContentHeaders headers, RangeItemHeaderValue? asked) =>
        asked is not null && headers.ContentRange is { Unit: "bytes", From: { } from, To: { } to } range && from == asked.From && to <= (asked.To ?? long.MaxValue) &&
        (headers.ContentLength is not { } length || length == to - from + 1) && (to == asked.To || range.Length is null || to == range.Length - 1);

    private async Task<UpstreamTags> ReadTagsAsync(UpstreamAnswer answer, CancellationToken cancellationToken)
    {
        using (answer)
        {
            var content = await _client.Sender.ReadAsync(answer.Message, answer.Host, "a list of tags", _limits.ListSize, cancellationToken);
            using var json = LenientJson.Parse(content);
            if (json?.RootElement.Member("tags") is not { ValueKind: JsonValueKind.Array or JsonValueKind.Null } list)
            {
                throw new UpstreamException(UpstreamFaultKind.Away, $"{answer.Host} sent no list of tags");
            }

            List<string> tags = list.ValueKind == JsonValueKind.Null
                ? []
                : [.. list.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(LenientJson.TextOf).Where(tag => Tag.TryParse(tag, out _)).OfType<string>()];
            return new UpstreamTags(tags, UpstreamPage.NextQuery(answer) is { } query ? UpstreamPage.Parameter(query, "last") ?? tags.LastOrDefault() : null);
        }
    }

    // Null if the upstream has no such API.
    private async Task<ReadOnlyMemory<byte>?> ReadReferrersAsync(string repository, Digest subject, CancellationToken cancellationToken)
    {
        var index = new ReferrersIndex(Settings.Name, _limits.ListSize);
        var query = string.Empty;
        for (var pages = 0; pages < _limits.ReferrerPages; pages++)
        {
            var request = new UpstreamRequest(UpstreamRequestKind.Referrers, HttpMethod.Get, repository, $"referrers/{subject}{query}")
            {
                Accept = [MediaTypes.OciIndex],
                IsExpected = status => status is 400 or 404 or 405 or 406 or 501,
            };
            var (hasApi, next) = await _client.RunAsync(request, (answer, token) => AddAsync(answer, index, token), cancellationToken);
            if (!hasApi)
            {
                return null;
            }

            if (next is null)
            {
                return index.Write();
            }

            query = next;
        }

        throw Wrong($"{Settings.Name} sent more than {_limits.ReferrerPages} pages of referrers");
    }

    private async Task<(bool HasApi, string? Next)> AddAsync(UpstreamAnswer answer, ReferrersIndex index, CancellationToken cancellationToken)
    {
        using (answer)
        {
            if (answer.Message.StatusCode != HttpStatusCode.OK || TypeOf(answer)?.Equals(MediaTypes.OciIndex, StringComparison.OrdinalIgnoreCase) is not true)
            {
                return (false, null);
            }

            index.Add(await _client.Sender.ReadAsync(answer.Message, answer.Host, "referrers", _limits.ListSize, cancellationToken));
            return (true, UpstreamPage.NextQuery(answer));
        }
    }

    // The tag is the digest, cut to the length of a tag (OCI distribution-spec, "Referrers Tag Schema").
    private async Task<ReadOnlyMemory<byte>> ReadFallbackAsync(string repository, Digest subject, CancellationToken cancellationToken)
    {
        var index = new ReferrersIndex(Settings.Name, _limits.ListSize);
        try
        {
            var found = await GetAsync(repository, Tag.Parse($"{subject.Algorithm.Name}-{subject.Hex[..Math.Min(subject.Hex.Length, 64)]}"), cancellationToken);
            if (found.MediaType?.Equals(MediaTypes.OciIndex, StringComparison.OrdinalIgnoreCase) is true)
            {
                index.Add(found.Content);
            }
        }
        catch (UpstreamException e) when (e.Fault.Kind == UpstreamFaultKind.Missing)
        {
            // Nothing refers to it.
        }

        return index.Write();
    }

    private static UpstreamException Wrong(string reason) => new(UpstreamFaultKind.Wrong, reason);
}
