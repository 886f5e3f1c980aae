using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Pulls;

/// <summary>
/// Brings manifests of mirrored repositories here before they are pulled. What is stored under a digest is never asked for again. A tag is asked for after each period of its upstream; while that does
/// not answer, it is what it was.
/// </summary>
/// <param name="manifests">Stores and deletes manifests.</param>
/// <param name="metadata">Manifests that are stored.</param>
/// <param name="checks">When a tag is asked for again.</param>
/// <param name="limits">Largest number of descriptors of a manifest.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="stopping">Ends the requests, for which no client may be waiting any more.</param>
internal sealed partial class MirroredManifests(
    ManifestOperations manifests, IMetadataStore metadata, TagChecks checks, int limits, TimeProvider time, ILogger<MirroredManifests> logger, CancellationToken stopping)
{
    private readonly SharedCalls<(RepositoryName, Reference), Result<Freshness>> _calls = new();
    private readonly SharedCalls<(RepositoryName, Digest), Result<Freshness>> _repairs = new();
    private readonly MissingManifests _missing = new(time);

    /// <summary>Brings a manifest here, or finds that what is here is good enough. One whose bytes are lost or damaged is fetched again.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="name">The repository.</param>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="mayFetch">False if the upstream is not to be asked, so that only what is here counts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The manifest; MANIFEST_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    public Task<Result<Pulled<StoredManifest>>> StatAsync(
        IUpstream upstream, MirroredName name, Reference reference, bool mayFetch, CancellationToken cancellationToken) =>
        ReadAsync(upstream, name, reference, mayFetch, found => manifests.StatAsync(name.Local, found), cancellationToken);

    /// <summary>Opens a manifest with its bytes, which the caller disposes.</summary>
    /// <inheritdoc cref="StatAsync"/>
    public Task<Result<Pulled<(StoredManifest Manifest, BlobSource Content)>>> GetAsync(
        IUpstream upstream, MirroredName name, Reference reference, bool mayFetch, CancellationToken cancellationToken) =>
        ReadAsync(upstream, name, reference, mayFetch, found => manifests.GetAsync(name.Local, found), cancellationToken);

    /// <summary>Asks the upstream for a tag, as if its period had passed.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="name">The repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it may be old; MANIFEST_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    public Task<Result<Freshness>> CheckAsync(IUpstream upstream, MirroredName name, Tag tag, CancellationToken cancellationToken) =>
        _calls.RunAsync((name.Local, tag), () => AskAsync(upstream, name, tag, isDue: true), cancellationToken);

    private async Task<Result<Pulled<T>>> ReadAsync<T>(
        IUpstream upstream, MirroredName name, Reference reference, bool mayFetch, Func<StoredManifest, ValueTask<Result<T>>> read, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(upstream, name, reference, mayFetch, cancellationToken)).TryGet(out var found, out var unknown))
        {
            return unknown;
        }

        var content = await read(found.Content);
        if (content.TryGet(out var whole, out var lost))
        {
            return new Pulled<T>(whole, found.Freshness);
        }

        if (!mayFetch)
        {
            return lost;
        }

        var digest = found.Content.Digest;
        if ((await _repairs.RunAsync((name.Local, digest), () => RepairAsync(upstream, name, digest), cancellationToken)).Error is { } unrepaired)
        {
            return unrepaired;
        }

        // The bytes may be at another place.
        return await metadata.FindManifestAsync(name.Local, digest) is not { } repaired ? RegistryErrorCode.ManifestUnknown
            : (await read(repaired)).TryGet(out whole, out lost) ? new Pulled<T>(whole, Freshness.Fetched)
            : lost;
    }

    private async Task<Result<Pulled<StoredManifest>>> FindAsync(
        IUpstream upstream, MirroredName name, Reference reference, bool mayFetch, CancellationToken cancellationToken)
    {
        var stored = await metadata.FindManifestAsync(name.Local, reference);
        if (stored is not null && (!mayFetch || reference.Tag is not { } tag || !await checks.IsDueAsync(name, tag)))
        {
            return new Pulled<StoredManifest>(stored, Freshness.Fresh);
        }

        if (!mayFetch)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (stored is null && _missing.Find(name, reference) is { } reason)
        {
            return new RegistryError(RegistryErrorCode.ManifestUnknown, reason);
        }

        var asked = await _calls.RunAsync((name.Local, reference), () => AskAsync(upstream, name, reference), cancellationToken);
        return !asked.TryGet(out var freshness, out var error) ? error
            : await metadata.FindManifestAsync(name.Local, reference) is { } now ? new Pulled<StoredManifest>(now, freshness)
            : RegistryErrorCode.ManifestUnknown;
    }

    private async Task<Result<Freshness>> RepairAsync(IUpstream upstream, MirroredName name, Digest digest)
    {
        // Another call may have ended since. A size may be remembered, the bytes are looked at.
        if (!(await manifests.GetAsync(name.Local, digest)).TryGet(out var found, out _))
        {
            return await FetchAsync(upstream, name, digest, tag: null);
        }

        await found.Content.DisposeAsync();
        return Freshness.Fetched;
    }

    private async Task<Result<Freshness>> AskAsync(IUpstream upstream, MirroredName name, Reference reference, bool isDue = false)
    {
        // Another call may have ended since.
        var stored = await metadata.FindManifestAsync(name.Local, reference);
        if (stored is null)
        {
            return await FetchNewAsync(upstream, name, reference);
        }

        if (reference.Tag is not { } tag || !(isDue || await checks.IsDueAsync(name, tag)))
        {
            return Freshness.Fresh;
        }

        var asked = await upstream.FindManifestAsync(name.Name.Value, reference, stopping);
        if (!asked.TryGet(out var found, out var fault))
        {
            return fault.Kind == UpstreamFaultKind.Missing ? await RemoveAsync(name, tag, fault) : await ServeStaleAsync(name, tag, fault);
        }

        if (found.Digest == stored.Digest)
        {
            checks.Note(name, tag);
            return Freshness.Fresh;
        }

        // By its digest, since the tag may move on meanwhile.
        var fetched = await MoveAsync(upstream, name, tag, found.Digest);
        return fetched.Error is { } error && (error.Code == RegistryErrorCode.UpstreamAway || error.Code == RegistryErrorCode.ManifestUnknown)
            ? await ServeStaleAsync(name, tag, new UpstreamFault(UpstreamFaultKind.Away, error.Details[0]))
            : fetched;
    }

    private async Task<Result<Freshness>> FetchNewAsync(IUpstream upstream, MirroredName name, Reference reference)
    {
        var fetched = await FetchAsync(upstream, name, reference, reference.Tag);
        if (fetched.Error is { } error && error.Code == RegistryErrorCode.ManifestUnknown)
        {
            _missing.Note(name, reference, error.Details[0]);
        }

        return fetched;
    }

    // Sets a tag to a manifest that may be here already.
    private async Task<Result<Freshness>> MoveAsync(IUpstream upstream, MirroredName name, Tag tag, Digest digest)
    {
        if (await metadata.FindManifestAsync(name.Local, digest) is not { } here)
        {
            return await FetchAsync(upstream, name, digest, tag);
        }

        var put = PutOf(name, digest, here.Size, new Manifest { MediaType = here.MediaType }, tag) with { MustExist = true };
        if ((await metadata.PutManifestAsync(put)).Error is not { } error)
        {
            checks.Note(name, tag);
            return Freshness.Fresh;
        }

        // It may have been evicted since.
        return error.Code == RegistryErrorCode.ManifestUnknown ? await FetchAsync(upstream, name, digest, tag) : error;
    }

    private async Task<Result<Freshness>> FetchAsync(IUpstream upstream, MirroredName name, Reference reference, Tag? tag)
    {
        var got = await upstream.GetManifestAsync(name.Name.Value, reference, stopping);
        return got.TryGet(out var manifest, out var fault) ? await StoreAsync(name, manifest, tag) : FaultAnswers.Describe(fault, RegistryErrorCode.ManifestUnknown);
    }

    // As the upstream has it: whatever it refers to, and if a push of it would be refused.
    private async Task<Result<Freshness>> StoreAsync(MirroredName name, UpstreamManifest received, Tag? tag)
    {
        if (Read(received) is not { } manifest)
        {
            LogUnreadable(received.Digest.Value, name.Local.Value, name.Upstream.Name);
            return new RegistryError(RegistryErrorCode.UpstreamAway, $"{name.Upstream.Name} sent a manifest {received.Digest} that cannot be read");
        }

        var put = PutOf(name, received.Digest, received.Content.Length, manifest with { MediaType = received.MediaType ?? manifest.MediaType }, tag);
        if ((await manifests.StoreAsync(put, received.Content, stopping)).Error is { } refused)
        {
            return refused;
        }

        if (tag is { } checkedTag)
        {
            checks.Note(name, checkedTag);
        }

        return Freshness.Fetched;
    }

    private static ManifestPut PutOf(MirroredName name, Digest digest, long size, Manifest manifest, Tag? tag) => new()
    {
        Repository = name.Local,
        Digest = digest,
        Size = size,
        Manifest = manifest,
        Tags = tag is { } set ? [set] : [],
        Reference = digest,
        Origin = ChangeOrigin.Mirror(name.Upstream.Name),
        Required = RequiredReferences.Of(manifest, ManifestReferences.Sparse),
    };

    // Not any JSON: what refers to nothing is no manifest that a push would be refused for.
    private Manifest? Read(UpstreamManifest received) =>
        ManifestReader.Read(received.Content, received.MediaType, limits).TryGet(out var read, out _) ? read
        : StoredManifestReader.Read(received.Content) is { } lenient && lenient.References.Take(limits + 1).Count() is var count && count > 0 && count <= limits ? lenient
        : null;

    // The content stays, and its digest is answered.
    private async Task<Result<Freshness>> RemoveAsync(MirroredName name, Tag tag, UpstreamFault fault)
    {
        checks.Note(name, tag);
        if (name.Upstream.ServesRemoved)
        {
            return new Freshness(fault.Reason);
        }

        var deleted = await manifests.DeleteAsync(name.Local, tag, Precondition.None, ChangeOrigin.Mirror(name.Upstream.Name));
        if (deleted.Error is null)
        {
            LogRemoved(tag.Value, name.Local.Value, name.Upstream.Name);
        }

        return deleted.Error is { } error && error.Code != RegistryErrorCode.ManifestUnknown ? error : new RegistryError(RegistryErrorCode.ManifestUnknown, fault.ForClients);
    }

    private async Task<Result<Freshness>> ServeStaleAsync(MirroredName name, Tag tag, UpstreamFault fault) =>
        await checks.MayServeStaleAsync(name, tag) ? new Freshness(fault.Reason) : new RegistryError(RegistryErrorCode.UpstreamAway, fault.ForClients);

    [LoggerMessage(1, LogLevel.Error, "The manifest {Digest} of {Repository}, as {Upstream} sent it, is no manifest that can be read, and is not kept")]
    private partial void LogUnreadable(string digest, string repository, string upstream);

    [LoggerMessage(2, LogLevel.Information, "The tag {Tag} of {Repository} is gone: {Upstream} has it no more. What it named stays until it is evicted")]
    private partial void LogRemoved(string tag, string repository, string upstream);
}
