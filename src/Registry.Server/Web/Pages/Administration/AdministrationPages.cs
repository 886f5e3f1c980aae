namespace Registry.Server.Web.Pages.Administration;

/// <summary>The pages for admins.</summary>
/// <param name="Status">State of the registry.</param>
/// <param name="Maintenance">Jobs, and what can be started.</param>
/// <param name="Collection">Preview and start of a collection.</param>
/// <param name="Verification">Start of a verification.</param>
/// <param name="ReadOnly">Switch of the read-only mode.</param>
/// <param name="Uploads">Uploads in progress.</param>
/// <param name="Mirror">Upstreams of the mirror.</param>
/// <param name="Settings">Settings with their origin.</param>
/// <param name="Users">Users and access rules.</param>
internal sealed record AdministrationPages(
    StatusPage Status,
    MaintenancePage Maintenance,
    CollectionPage Collection,
    VerificationPage Verification,
    ReadOnlyPage ReadOnly,
    UploadsPage Uploads,
    MirrorPage Mirror,
    SettingsPage Settings,
    UsersPage Users);
