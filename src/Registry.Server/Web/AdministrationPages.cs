using Registry.Server.Web.Pages.Administration;
using Registry.Server.Web.Pages.Administration.Events;
using Registry.Server.Web.Pages.Administration.Maintenance;

namespace Registry.Server.Web;

/// <summary>The pages for admins.</summary>
/// <param name="Status">State of the registry.</param>
/// <param name="Maintenance">Jobs, and what can be started.</param>
/// <param name="Collection">Preview and start of a collection.</param>
/// <param name="Retention">Preview, start and outcome of a retention.</param>
/// <param name="Verification">Start of a verification.</param>
/// <param name="ReadOnly">Switch of the read-only mode.</param>
/// <param name="Uploads">Uploads in progress.</param>
/// <param name="Mirror">Upstreams of the mirror.</param>
/// <param name="Events">Endpoints of events.</param>
/// <param name="Deliveries">One endpoint, and its last events.</param>
/// <param name="Replay">Sends events again.</param>
/// <param name="Settings">Settings with their origin.</param>
/// <param name="Users">Users and access rules.</param>
internal sealed record AdministrationPages(
    StatusPage Status,
    MaintenancePage Maintenance,
    CollectionPage Collection,
    RetentionPage Retention,
    VerificationPage Verification,
    ReadOnlyPage ReadOnly,
    UploadsPage Uploads,
    MirrorPage Mirror,
    EventsPage Events,
    DeliveriesPage Deliveries,
    ReplayPage Replay,
    SettingsPage Settings,
    UsersPage Users);
