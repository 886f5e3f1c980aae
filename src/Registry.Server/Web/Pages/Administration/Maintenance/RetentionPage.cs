using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>Deletes what no rule about retention keeps, after a page that lists each deletion with its reason and asks; it also shows what a run has done.</summary>
internal sealed class RetentionPage(PageFrame frame, MaintenanceJobs jobs, ReadOnlyMode readOnly, FormReader forms, RetentionOperations retention)
    : PreviewedWorkPage(frame, jobs, readOnly, forms)
{
    /// <summary>Path of the page.</summary>
    public const string PagePath = $"{MaintenancePage.Path}/retention";

    protected override string Path => PagePath;

    protected override string Title => "Delete what no rule keeps";

    protected override string Effect => "A run deletes at once what the rules about retention do not keep; the registry makes one by itself once a day. Deleted images go to the trash for its time.";

    protected override string Button => "Delete";

    protected override bool TakesRepository => true;

    protected override string? Absence => retention.HasRules
        ? null
        : "No rule is about retention: REGISTRY_POLICY_CONFIG names a file of rules, in which 'keep' or 'delete' says what stays.";

    protected override IMaintenanceWork CreatePreview(RepositoryName? only) => new RetentionWork(isDryRun: true, repository: only);

    protected override IMaintenanceWork CreateRun(bool isConfirmed) => new RetentionWork(isDryRun: false, isConfirmed);

    protected override bool IsWholePreview(MaintenanceJob job) => job is { Work: RetentionWork { Repository: null }, Status.Outcome.Report.Retained.IsDryRun: true };

    protected override string? FindObjection(MaintenanceJob preview) => preview.Status.Outcome?.Report?.Retained?.Objection;

    protected override async Task WriteAsync(PageOutput output, MaintenanceJob job)
    {
        if (job.Status.Outcome is not { Report.Retained: { } retained, At: var endedAt })
        {
            return;
        }

        output.Html.Write($"""<p class="quiet">As of {new TimePart(endedAt)}.{(retained.IsDryRun ? " Pushes, pulls and deletes since may have changed it." : "")}</p>""");
        if (job.Work is RetentionWork { Repository: { } only })
        {
            output.Html.Write($"""<p>Only of <bdi>{only.Value}</bdi>. A run is about all repositories: look at all of them before it.</p>""");
        }

        await RetentionSection.WriteAsync(output, retained);
    }
}
