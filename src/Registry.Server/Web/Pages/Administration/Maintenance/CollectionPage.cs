using Registry.Core.Oci;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>Collects garbage, after a page that lists what would go and asks.</summary>
internal sealed class CollectionPage(PageFrame frame, MaintenanceJobs jobs, ReadOnlyMode readOnly, FormReader forms) : PreviewedWorkPage(frame, jobs, readOnly, forms)
{
    /// <summary>Path of the page.</summary>
    public const string PagePath = $"{MaintenancePage.Path}/gc";

    protected override string Path => PagePath;

    protected override string Title => "Collect garbage";

    protected override string Effect => "A collection removes at once what is due: the collector would remove it, too, in a while. What is in the trash stays for its time.";

    protected override string Button => "Collect";

    protected override IMaintenanceWork CreatePreview(RepositoryName? only) => new GcWork(new GcRequest(IsDryRun: true));

    protected override IMaintenanceWork CreateRun(bool isConfirmed) => new GcWork(new GcRequest(IsForced: isConfirmed));

    protected override bool IsWholePreview(MaintenanceJob job) => job.Status.Outcome?.Report?.Preview is not null;

    protected override string? FindObjection(MaintenanceJob preview) => preview.Status.Outcome?.Report?.Preview?.Objection;

    protected override async Task WriteAsync(PageOutput output, MaintenanceJob job)
    {
        if (job.Status.Outcome is { Report.Preview: { } preview, At: var endedAt })
        {
            output.Html.Write($"""<p class="quiet">As of {new TimePart(endedAt)}. Pushes and deletes since may have changed it.</p>""");
            await PreviewSection.WriteAsync(output, preview);
        }
    }
}
