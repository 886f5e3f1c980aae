using Registry.Core.Access;
using Registry.Server.Requests;
using Registry.Server.Web.Assets;
using Registry.Server.Web.Pages;
using Registry.Server.Web.Pages.Images;

namespace Registry.Server.Web;

/// <summary>
/// All routes of the pages. Between the name of a repository and the rest stands <c>/-/</c>, since a single <c>-</c> is no component of a name. Whatever a route of a
/// repository needs, the caller also needs the permission to pull.
/// </summary>
internal static class PageTable
{
    public static IReadOnlyList<Route> Create(
        RepositoriesPage repositories, RepositoryPage repository, ImagePage image, BlobPage blob, ComparePage compare, HistoryPage history, RollbackPage rollback, TrashPage trash, TrashChangePage changes,
        RestorationPage restoration, DeletionPage deletions, SpacePage space, ActivityPage activity, LiveActivity live, AdministrationPages administration, AssetStore assets, LogInPage? logIn = null) =>
    [
        new("GET", "/", Permission.Enter, repositories.GetAsync),
        new("GET", "/trash", Permission.Catalog, trash.GetAllAsync),
        new("GET", "/space", Permission.Catalog, space.GetAsync),
        new("GET", "/activity", Permission.Catalog, activity.GetAllAsync),
        new("GET", "/activity/live", Permission.Catalog, live.GetAllAsync),

        new("GET", "/repositories/<name>", Permission.Pull, repository.GetAsync),
        new("GET", "/repositories/<name>/-/manifests", Permission.Pull, repository.GetManifestsAsync),
        new("GET", "/repositories/<name>/-/tags/<tag>", Permission.Pull, image.GetAsync),
        new("GET", "/repositories/<name>/-/manifests/<digest>", Permission.Pull, image.GetAsync),
        new("GET", "/repositories/<name>/-/blobs/<digest>", Permission.Pull, blob.GetAsync),
        new("GET", "/repositories/<name>/-/compare", Permission.Pull, compare.GetAsync),
        new("GET", "/repositories/<name>/-/history/<tag>", Permission.Pull, history.GetAsync),
        new("GET", "/repositories/<name>/-/space", Permission.Pull, space.GetRepositoryAsync),
        new("GET", "/repositories/<name>/-/trash", Permission.Pull, trash.GetAsync),
        new("GET", "/repositories/<name>/-/activity", Permission.Pull, activity.GetAsync),
        new("GET", "/repositories/<name>/-/activity/live", Permission.Pull, live.GetAsync),

        new("GET", "/repositories/<name>/-/rollback/<tag>", Permission.Push, rollback.GetAsync),
        new("POST", "/repositories/<name>/-/rollback/<tag>", Permission.Push, rollback.PostAsync, RequestOperation.RollBackTag, AlsoPulls: true),
        new("GET", "/repositories/<name>/-/restore", Permission.Push, restoration.GetAsync),
        new("POST", "/repositories/<name>/-/restore", Permission.Push, restoration.PostAsync, RequestOperation.RestoreManifest, AlsoPulls: true),
        new("GET", "/repositories/<name>/-/restore/<digest>", Permission.Push, changes.GetRestoreAsync),
        new("POST", "/repositories/<name>/-/restore/<digest>", Permission.Push, changes.RestoreAsync, RequestOperation.RestoreManifest, AlsoPulls: true),
        new("GET", "/repositories/<name>/-/purge/<digest>", Permission.Delete, changes.GetPurgeAsync),
        new("POST", "/repositories/<name>/-/purge/<digest>", Permission.Delete, changes.PurgeAsync, RequestOperation.PurgeManifest, AlsoPulls: true),

        new("GET", "/repositories/<name>/-/delete", Permission.Delete, deletions.GetAsync),
        new("POST", "/repositories/<name>/-/delete", Permission.Delete, deletions.PostAsync, RequestOperation.DeleteManifest, AlsoPulls: true),

        new("GET", "/administration", Permission.Maintain, administration.Status.GetAsync),
        new("GET", "/administration/maintenance", Permission.Maintain, administration.Maintenance.GetAsync),
        new("POST", "/administration/maintenance/cancel", Permission.Maintain, administration.Maintenance.CancelAsync),
        new("GET", "/administration/maintenance/gc", Permission.Maintain, administration.Collection.GetAsync),
        new("POST", "/administration/maintenance/gc", Permission.Maintain, administration.Collection.PostAsync),
        new("GET", "/administration/maintenance/retention", Permission.Maintain, administration.Retention.GetAsync),
        new("POST", "/administration/maintenance/retention", Permission.Maintain, administration.Retention.PostAsync),
        new("GET", "/administration/maintenance/verify", Permission.Maintain, administration.Verification.GetAsync),
        new("POST", "/administration/maintenance/verify", Permission.Maintain, administration.Verification.PostAsync),
        new("GET", "/administration/maintenance/read-only", Permission.Maintain, administration.ReadOnly.GetAsync),
        new("POST", "/administration/maintenance/read-only", Permission.Maintain, administration.ReadOnly.PostAsync),
        new("GET", "/administration/uploads", Permission.Maintain, administration.Uploads.GetAsync),
        new("GET", "/administration/uploads/cancel", Permission.Maintain, administration.Uploads.GetCancelAsync),
        new("POST", "/administration/uploads/cancel", Permission.Maintain, administration.Uploads.CancelAsync),
        new("GET", "/administration/mirror", Permission.Maintain, administration.Mirror.GetAsync),
        new("GET", "/administration/events", Permission.Maintain, administration.Events.GetAsync),
        new("GET", "/administration/events/deliveries", Permission.Maintain, administration.Deliveries.GetAsync),
        new("GET", "/administration/events/replay", Permission.Maintain, administration.Replay.GetAsync),
        new("POST", "/administration/events/replay", Permission.Maintain, administration.Replay.PostAsync),
        new("GET", "/administration/settings", Permission.Maintain, administration.Settings.GetAsync),
        new("GET", "/administration/users", Permission.Maintain, administration.Users.GetAsync),

        new("GET", "/-/assets/<file>", Permission.Public, assets.GetAsync),

        // Only with users of the registry itself.
        .. logIn is null ? (Route[])[] :
        [
            new("GET", "/login", Permission.Enter, logIn.GetAsync),
            new("POST", "/login", Permission.Enter, logIn.PostAsync),
            new("POST", "/logout", Permission.Enter, logIn.LogOutAsync),
        ],
    ];
}
