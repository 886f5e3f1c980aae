using Microsoft.Extensions.Logging;
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
/// <param name="record">Times of the questions.</param>
/// <param name="limits">Largest number of descriptors of a manifest.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="stopping">Ends the requests, for which no client may be waiting any more.</param>
internal sealed partial class MirroredManifests(
    ManifestOperations manifests, IMetadataStore metadata, PullRecord record, int limits, TimeProvider time, ILogger<MirroredManifests> logger, CancellationToken stopping)
{
    private readonly SharedCalls<(RepositoryName, Reference), Result<Freshness>> _calls = new();

    /// <summary>Brings a manifest here, or finds that what is here is good enough.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="name">The repository.</param>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="mayFetch">False if the upstream is not to be asked, so that only what is here counts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it may be old; MANIFEST_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    public async Task<Result<Freshness>> PrepareAsync(
        IUpstream upstream, MirroredName name, Reference reference, bool mayFetch, CancellationToken cancellationToken)
    {
        var stored = await metadata.FindManifestAsync(name.Local, reference);
        if (!mayFetch && stored is null)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!mayFetch || (stored is not null && (reference.Tag is not { } tag || await IsFreshAsync(name, tag))))
        {
            return Freshness.Fresh;
        }

        return await _calls.RunAsync((name.Local, reference), () => AskAsync(upstream, name, reference), cancellationToken);
    }

    /// <summary>Asks the upstream for a tag, as if its period had passed.</summary>
    /// <inheritdoc cref="PrepareAsync"/>
    public Task<Result<Freshness>> CheckAsync(IUpstream upstream, MirroredName name, Tag tag, CancellationToken cancellationToken) =>
        _calls.RunAsync((name.Local, tag), () => AskAsync(upstream, name, tag, isDue: true), cancellationToken);

    private async ValueTask<bool> IsFreshAsync(MirroredName name, Tag tag)
    {
        // A time in the future is of a clock that was set back.
        var age = await record.FindCheckAsync(name.Local, tag) is { } at ? time.GetUtcNow() - at : (TimeSpan?)null;
        return age >= TimeSpan.Zero && age < name.Upstream.Check;
    }

    private async Task<Result<Freshness>> AskAsync(IUpstream upstream, MirroredName name, Reference reference, bool isDue = false)
    {
        // Another call may have ended since.
        var stored = await metadata.FindManifestAsync(name.Local, reference);
        if (reference.Tag is not { } tag)
        {
            return stored is not null ? Freshness.Fresh : await FetchAsync(upstream, name, reference, tag: null);
        }

        if (stored is null)
        {
            return await FetchAsync(upstream, name, reference, tag);
        }

        if (!isDue && await IsFreshAsync(name, tag))
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
            record.NoteCheck(name.Local, tag);
            return Freshness.Fresh;
        }

        // By its digest, since the tag may move on meanwhile.
        var fetched = await FetchAsync(upstream, name, found.Digest, tag);
        return fetched.Error is { } error && (error.Code == RegistryErrorCode.UpstreamAway || error.Code == RegistryErrorCode.ManifestUnknown)
            ? await ServeStaleAsync(name, tag, new UpstreamFault(UpstreamFaultKind.Away, error.Details[0]))
            : fetched;
    }

    private async Task<Result<Freshness>> FetchAsync(IUpstream upstream, MirroredName name, Reference reference, Tag? tag)
    {
        if (reference.Digest is { } digest && tag is not null && await metadata.FindManifestAsync(name.Local, digest) is { } here)
        {
            return await SetAsync(name, here, tag.Value);
        }

        var got = await upstream.GetManifestAsync(name.Name.Value, reference, stopping);
        if (!got.TryGet(out var manifest, out var fault))
        {
            return FaultAnswers.Describe(fault, RegistryErrorCode.ManifestUnknown);
        }

        return (await StoreAsync(name, manifest, tag)).Error is { } error ? error : Freshness.Fetched;
    }

    // As the upstream has it: whatever it refers to, and if a push of it would be refused.
    private async Task<Result<Freshness>> StoreAsync(MirroredName name, UpstreamManifest received, Tag? tag)
    {
        if (Read(received) is not { } manifest)
        {
            LogUnreadable(received.Digest.Value, name.Local.Value, name.Upstream.Name);
            return new RegistryError(RegistryErrorCode.UpstreamAway, $"{name.Upstream.Name} sent a manifest {received.Digest} that cannot be read");
        }

        var put = new ManifestPut
        {
            Repository = name.Local,
            Digest = received.Digest,
            Size = received.Content.Length,
            Manifest = manifest with { MediaType = received.MediaType ?? manifest.MediaType },
            Tags = tag is { } set ? [set] : [],
            Reference = received.Digest,
            Origin = ChangeOrigin.Mirror(name.Upstream.Name),
            Required = RequiredReferences.Of(manifest, ManifestReferences.Sparse),
        };
        return await FinishAsync(name, await manifests.StoreAsync(put, received.Content, stopping), tag);
    }

    // Not any JSON: what refers to nothing is no manifest that a push would be refused for.
    private Manifest? Read(UpstreamManifest received) =>
        ManifestReader.Read(received.Content, received.MediaType, limits).TryGet(out var read, out _) ? read
        : StoredManifestReader.Read(received.Content) is { } lenient && lenient.References.Take(limits + 1).Count() is var count && count > 0 && count <= limits ? lenient
        : null;

    private async Task<Result<Freshness>> SetAsync(MirroredName name, StoredManifest stored, Tag tag)
    {
        var got = await manifests.GetAsync(name.Local, stored.Digest);
        if (!got.TryGet(out var found, out var error))
        {
            return error;
        }

        await using (found.Content)
        {
            return await StoreAsync(name, new UpstreamManifest(stored.Digest, stored.MediaType, await found.Content.ReadAsync(stopping)), tag);
        }
    }

    private async Task<Result<Freshness>> FinishAsync(MirroredName name, Result<IReadOnlyList<MovedTag>> stored, Tag? tag)
    {
        if (stored.Error is { } refused)
        {
            return refused;
        }

        if (tag is { } set)
        {
            record.NoteCheck(name.Local, set);
        }

        return Freshness.Fresh;
    }

    // The content stays, and its digest is answered.
    private async Task<Result<Freshness>> RemoveAsync(MirroredName name, Tag tag, UpstreamFault fault)
    {
        record.NoteCheck(name.Local, tag);
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

    private async Task<Result<Freshness>> ServeStaleAsync(MirroredName name, Tag tag, UpstreamFault fault)
    {
        var checkedAt = await record.FindCheckAsync(name.Local, tag) ?? DateTimeOffset.MinValue;
        return name.Upstream.Stale is not { } longest || time.GetUtcNow() - checkedAt <= longest
            ? new Freshness(fault.Reason)
            : new RegistryError(RegistryErrorCode.UpstreamAway, fault.ForClients);
    }

    [LoggerMessage(1, LogLevel.Error, "The manifest {Digest} of {Repository}, as {Upstream} sent it, is no manifest that can be read, and is not kept")]
    private partial void LogUnreadable(string digest, string repository, string upstream);

    [LoggerMessage(2, LogLevel.Information, "The tag {Tag} of {Repository} is gone: {Upstream} has it no more. What it named stays until it is evicted")]
    private partial void LogRemoved(string tag, string repository, string upstream);
}
