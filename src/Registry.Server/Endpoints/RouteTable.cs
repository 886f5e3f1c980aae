using Registry.Core.Access;
using Registry.Server.Endpoints.Probes;
using Registry.Server.Endpoints.Tokens;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>All routes of the registry. HEAD works wherever GET does.</summary>
internal static class RouteTable
{
    public static IReadOnlyList<Route> Create(
        BlobEndpoints blobs, UploadEndpoints uploads, ManifestEndpoints manifests, ListEndpoints lists, ReferrerEndpoints referrers,
        TagEndpoints tags, TrashEndpoints trash, RepositoryEndpoints repositories, SpaceEndpoints space, InventoryEndpoints inventory, ActivityEndpoints activity, ChangeEndpoints changes,
        MaintenanceEndpoints maintenance, PolicyEndpoints policies, MirrorEndpoints mirror, EventEndpoints events, HealthEndpoints health, TokenEndpoint? token = null) =>
    [
        new("GET", "/v2/", Permission.Enter, VersionEndpoint.GetAsync),
        new("GET", "/v2", Permission.Enter, VersionEndpoint.GetAsync),

        new("GET", "/v2/_catalog", Permission.Catalog, lists.GetCatalogAsync),
        new("GET", "/v2/<name>/tags/list", Permission.Pull, lists.GetTagsAsync),
        new("GET", "/v2/<name>/referrers/<digest>", Permission.Pull, referrers.GetAsync),

        new("GET", "/v2/<name>/manifests/<reference>", Permission.Pull, manifests.GetAsync, RequestOperation.PullManifest),
        new("HEAD", "/v2/<name>/manifests/<reference>", Permission.Pull, manifests.HeadAsync),
        new("PUT", "/v2/<name>/manifests/<reference>", Permission.Push, manifests.PutAsync, RequestOperation.PushManifest),
        new("DELETE", "/v2/<name>/manifests/<reference>", Permission.Delete, manifests.DeleteAsync, RequestOperation.DeleteManifest),

        new("GET", "/v2/<name>/blobs/<digest>", Permission.Pull, blobs.GetAsync, RequestOperation.PullBlob),
        new("HEAD", "/v2/<name>/blobs/<digest>", Permission.Pull, blobs.HeadAsync),
        new("DELETE", "/v2/<name>/blobs/<digest>", Permission.Delete, blobs.DeleteAsync, RequestOperation.DeleteBlob),

        new("POST", "/v2/<name>/blobs/uploads/", Permission.Push, uploads.PostAsync, RequestOperation.BeginUpload),
        new("POST", "/v2/<name>/blobs/uploads", Permission.Push, uploads.PostAsync, RequestOperation.BeginUpload),
        new("GET", "/v2/<name>/blobs/uploads/<uuid>", Permission.Push, uploads.GetAsync),
        new("PATCH", "/v2/<name>/blobs/uploads/<uuid>", Permission.Push, uploads.PatchAsync),
        new("PUT", "/v2/<name>/blobs/uploads/<uuid>", Permission.Push, uploads.PutAsync, RequestOperation.PushBlob),
        new("DELETE", "/v2/<name>/blobs/uploads/<uuid>", Permission.Push, uploads.DeleteAsync),

        new("GET", "/api/v1/repositories", Permission.Catalog, inventory.ListRepositoriesAsync),
        new("GET", "/api/v1/tags?repository=<name>", Permission.Pull, inventory.ListTagsAsync),

        new("GET", "/api/v1/manifests?repository=<name>", Permission.Pull, inventory.ListManifestsAsync),
        new("GET", "/api/v1/manifests/show?repository=<name>&reference=<reference>", Permission.Pull, inventory.GetManifestAsync),

        new("GET", "/api/v1/tags/history?repository=<name>&tag=<reference>", Permission.Pull, tags.GetHistoryAsync),
        new("GET", "/api/v1/tags/show?repository=<name>&tag=<reference>", Permission.Pull, tags.GetStateAsync),
        new("POST", "/api/v1/tags/rollback?repository=<name>&tag=<reference>", Permission.Push, tags.RollBackAsync, RequestOperation.RollBackTag, AlsoPulls: true),

        new("GET", "/api/v1/trash?repository=<name>", Permission.Pull, trash.ListAsync),
        new("GET", "/api/v1/trash/all", Permission.Catalog, trash.ListAllAsync),
        new("GET", "/api/v1/trash/show?repository=<name>&digest=<digest>", Permission.Pull, trash.GetAsync),
        new("POST", "/api/v1/trash/restore?repository=<name>&digest=<digest>", Permission.Push, trash.RestoreAsync, RequestOperation.RestoreManifest, AlsoPulls: true),
        new("POST", "/api/v1/trash/purge?repository=<name>&digest=<digest>", Permission.Delete, trash.PurgeAsync, RequestOperation.PurgeManifest),

        new("GET", "/api/v1/repositories/show?repository=<name>", Permission.Pull, repositories.GetAsync),
        new("POST", "/api/v1/repositories/rename?repository=<name>&to=<name>", Permission.Delete, repositories.RenameAsync, RequestOperation.RenameRepository, AlsoPushes: true),
        new("POST", "/api/v1/repositories/delete?repository=<name>", Permission.Delete, repositories.DeleteAsync, RequestOperation.DeleteRepository, AlsoPulls: true),
        new("POST", "/api/v1/repositories/restore?repository=<name>", Permission.Push, repositories.RestoreAsync, RequestOperation.RestoreRepository, AlsoPulls: true),

        new("GET", "/api/v1/space", Permission.Catalog, space.GetAsync),
        new("GET", "/api/v1/space/repository?repository=<name>", Permission.Pull, space.GetRepositoryAsync),

        new("GET", "/api/v1/activity?repository=<name>", Permission.Pull, activity.ListAsync),
        new("GET", "/api/v1/activity/all", Permission.Catalog, activity.ListAllAsync),

        new("GET", "/api/v1/changes", Permission.Catalog, changes.GetAsync),

        new("GET", "/api/v1/openapi.json", Permission.Public, OpenApiEndpoint.GetAsync),

        new("GET", "/api/v1/maintenance", Permission.Maintain, maintenance.ListAsync),
        new("GET", "/api/v1/maintenance/show?id=<id>", Permission.Maintain, maintenance.GetAsync),
        new("GET", "/api/v1/maintenance/explain?digest=<digest>", Permission.Maintain, maintenance.ExplainAsync),
        new("POST", "/api/v1/maintenance/gc", Permission.Maintain, maintenance.CollectAsync),
        new("POST", "/api/v1/maintenance/verify", Permission.Maintain, maintenance.VerifyAsync),
        new("POST", "/api/v1/maintenance/import?path=<path>", Permission.Maintain, maintenance.ImportAsync),
        new("POST", "/api/v1/maintenance/copy?source=<image>&target=<image>", Permission.Maintain, maintenance.CopyAsync),
        new("POST", "/api/v1/maintenance/warm?image=<image>", Permission.Maintain, maintenance.WarmAsync),
        new("POST", "/api/v1/maintenance/retention", Permission.Maintain, maintenance.RetainAsync),
        new("POST", "/api/v1/maintenance/reindex?dryRun=<on>", Permission.Maintain, maintenance.CompareAsync),
        new("POST", "/api/v1/maintenance/cancel?id=<id>", Permission.Maintain, maintenance.CancelAsync),
        new("POST", "/api/v1/maintenance/read-only?on=<on>", Permission.Maintain, maintenance.SetReadOnlyAsync),

        new("GET", "/api/v1/policies/explain?image=<image>", Permission.Maintain, policies.ExplainAsync),

        new("GET", "/api/v1/mirror", Permission.Maintain, mirror.GetAsync),
        new("POST", "/api/v1/mirror/forget?image=<image>", Permission.Maintain, mirror.ForgetAsync),
        new("POST", "/api/v1/mirror/check?image=<image>", Permission.Maintain, mirror.CheckAsync),

        new("GET", "/api/v1/events", Permission.Maintain, events.ListAsync),
        new("GET", "/api/v1/events/deliveries?endpoint=<endpoint>", Permission.Maintain, events.ListDeliveriesAsync),
        new("POST", "/api/v1/events/replay?endpoint=<endpoint>&since=<time>", Permission.Maintain, events.ReplayAsync),

        new("GET", "/livez", Permission.Public, HealthEndpoints.GetLiveAsync),
        new("GET", "/readyz", Permission.Public, health.GetReadyAsync),
        new("GET", "/startupz", Permission.Public, HealthEndpoints.GetStartedAsync),

        // Only with the built-in token service.
        .. token is null ? (Route[])[] :
        [
            new("GET", "/token", Permission.Public, token.GetAsync),
            new("POST", "/token", Permission.Public, token.PostAsync),
        ],
    ];
}
