using Registry.Core.Oci;
using Registry.Images;
using Registry.Images.Layouts;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>A copy of an image into another repository, by links to the stored content.</summary>
/// <param name="source">The image.</param>
/// <param name="target">The repository; without a tag, the source's tag is kept.</param>
/// <param name="withReferrers">True to copy referrers (signatures, SBOMs), too.</param>
internal sealed class CopyWork(ImageReference source, ImageReference target, bool withReferrers) : IMaintenanceWork
{
    /// <summary>Name of the work.</summary>
    public const string Name = "copy";

    public string Kind => Name;

    public IReadOnlyDictionary<string, string> Parameters
    {
        get
        {
            var parameters = WorkParameters.Of(("noReferrers", !withReferrers));
            parameters.Add("source", source.ToString());
            parameters.Add("target", target.ToString());
            return parameters;
        }
    }

    public string Interrupted => "the copy was interrupted and the tag was not set; run it again";

    public async Task<MaintenanceReport> RunAsync(MaintenanceTarget registry, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        if (registry.Core.IsReadOnly)
        {
            return MaintenanceReport.Refuse("the registry is read-only, so nothing was copied; end that mode with 'registry read-only off', and run the command again");
        }

        try
        {
            var copying = WorkProgress.Part<long>(progress, linked => new WorkDone("Copying", linked, Unit: "blobs linked"));
            return new MaintenanceReport
            {
                Copied = await ImageCopy.RunAsync(
                    registry.Core.Metadata, registry.Storage.Blobs, registry.CreateWriter(), source, target, withReferrers, copying, cancellationToken),
            };
        }
        catch (LayoutException e)
        {
            return MaintenanceReport.Refuse(e.Message);
        }
    }
}
