using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Images;
using Registry.Mirror;
using Registry.Mirror.Images;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>A fetch of an image of an upstream as a whole, so that pulls of it do not need the upstream.</summary>
/// <param name="image">The image, with a tag or digest, by its name here.</param>
/// <param name="platform">Platform whose images alone are fetched (<see cref="ImagePlatform"/>); null for all.</param>
/// <param name="mirror">The mirror; null where there is none, and in a command, which asks a running registry.</param>
internal sealed class WarmWork(ImageReference image, string? platform, MirrorPulls? mirror = null) : IMaintenanceWork
{
    /// <summary>Name of the work.</summary>
    public const string Name = "warm";

    public string Kind => Name;

    public IReadOnlyDictionary<string, string> Parameters => platform is null
        ? new Dictionary<string, string> { ["image"] = image.ToString() }
        : new Dictionary<string, string> { ["image"] = image.ToString(), ["platform"] = platform };

    public string Interrupted => "the fetch was interrupted; what has arrived stays, and running it again fetches the rest";

    public async Task<MaintenanceReport> RunAsync(MaintenanceTarget registry, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        if (registry.Core.IsReadOnly)
        {
            return MaintenanceReport.Refuse("the registry is read-only, so nothing was fetched; end that mode with 'registry read-only off', and run the command again");
        }

        if (mirror is null)
        {
            return Refuse(MirroredImages.NotMirrored(image.Repository));
        }

        var fetching = WorkProgress.Part<WarmingProgress>(
            progress, done => new WorkDone($"Fetching {done.Blobs} of {Count.Of(done.AllBlobs, "blob")}", done.Bytes, done.AllBytes));
        var fetched = await mirror.Images.WarmAsync(image.Repository, image.Reference!.Value, platform, registry.Origin.Actor, fetching, cancellationToken);
        return !fetched.TryGet(out var warmed, out var error) ? Refuse(error) : new MaintenanceReport
        {
            Warmed = new TransferReport
            {
                Images = [image.ToString()],
                Manifests = warmed.Manifests,
                Blobs = warmed.Blobs,
                Bytes = warmed.FetchedBytes,
                Missing = warmed.Missing,
            },
        };
    }

    private static MaintenanceReport Refuse(RegistryError error) => MaintenanceReport.Refuse(error.Details is [var detail, ..] ? detail : error.Code.Message);
}
