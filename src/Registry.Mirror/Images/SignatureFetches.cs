using Registry.Core;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.Signatures;
using Registry.Mirror.Configuration;
using Registry.Mirror.Fetches;
using Registry.Mirror.Pulls;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Images;

/// <summary>Fetches the signatures of an image, for a rule that requires one. What the upstream does not have, or does not give, is not here afterwards: the rule decides.</summary>
/// <param name="core">The operations on what is here.</param>
/// <param name="manifests">Fetches manifests.</param>
/// <param name="lists">Lists referrers.</param>
/// <param name="fetches">Fetches blobs.</param>
/// <param name="record">Notes the pull of each manifest, so that it is not evicted before the image.</param>
internal sealed class SignatureFetches(RegistryCore core, MirroredManifests manifests, MirroredLists lists, BlobFetches fetches, PullRecord record)
{
    /// <summary>Fetches what is not here.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="name">The repository.</param>
    /// <param name="image">The image.</param>
    /// <param name="user">User whose fetches these are; null for an anonymous one.</param>
    /// <param name="network">Network of the client.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RunAsync(IUpstream upstream, MirroredName name, Digest image, string? user, ClientNetwork network, CancellationToken cancellationToken)
    {
        foreach (var reference in await ListAsync(upstream, name, image, cancellationToken))
        {
            if ((await manifests.StatAsync(upstream, name, reference, mayFetch: true, cancellationToken)).TryGet(out var stored, out _))
            {
                record.NotePull(name.Local, stored.Content.Digest);
                await FetchLayersAsync(upstream, name, stored.Content.Digest, user, network, cancellationToken);
            }
        }
    }

    private async Task<List<Reference>> ListAsync(IUpstream upstream, MirroredName name, Digest image, CancellationToken cancellationToken)
    {
        var found = new List<Reference>();
        if (SignatureNames.TagOf(image) is { } tag)
        {
            found.Add(tag);
        }

        foreach (var type in SignatureNames.ReferrerTypes)
        {
            if ((await lists.ListReferrersAsync(upstream, name, image, type, cancellationToken)).TryGet(out var listed, out _))
            {
                found.AddRange(listed.Page.Items.Where(SignatureNames.MayHold).Select(referrer => (Reference)referrer.Digest).Take(SignatureNames.MaxManifests));
            }
        }

        return found;
    }

    private async Task FetchLayersAsync(IUpstream upstream, MirroredName name, Digest holder, string? user, ClientNetwork network, CancellationToken cancellationToken)
    {
        var manifest = await StoredManifests.ReadAsync(core.Manifests, name.Local, holder, cancellationToken);
        var layers = (manifest?.Layers ?? []).Where(layer => SignatureNames.IsLayer(layer.MediaType) && layer.Size <= SignatureNames.MaxLayer);
        foreach (var layer in layers.TakeLast(SignatureNames.MaxManifests))
        {
            if ((await core.Blobs.StatAsync(name.Local, layer.Digest)).Error is not null)
            {
                await fetches.StoreAsync(upstream, name, layer.Digest, user, network, cancellationToken);
            }
        }
    }
}
