using Registry.Core.Access;
using Registry.Server.Requests;

namespace Registry.Server.Telemetry;

/// <summary>Names of operations and permissions in logs.</summary>
internal static class OperationNames
{
    public static string? Of(RequestOperation operation) => operation switch
    {
        RequestOperation.PullManifest => "pull-manifest",
        RequestOperation.PullBlob => "pull-blob",
        RequestOperation.BeginUpload => "begin-upload",
        RequestOperation.PushBlob => "push-blob",
        RequestOperation.MountBlob => "mount-blob",
        RequestOperation.PushManifest => "push-manifest",
        RequestOperation.DeleteManifest => "delete-manifest",
        RequestOperation.DeleteTag => "delete-tag",
        RequestOperation.RollBackTag => "roll-back-tag",
        RequestOperation.RestoreManifest => "restore-manifest",
        RequestOperation.PurgeManifest => "purge-manifest",
        RequestOperation.DeleteBlob => "delete-blob",
        RequestOperation.RenameRepository => "rename-repository",
        RequestOperation.DeleteRepository => "delete-repository",
        RequestOperation.RestoreRepository => "restore-repository",
        _ => null,
    };

    /// <summary>Names of permissions, as in the access rules where they have one.</summary>
    public static string? Of(Permission permission) => permission switch
    {
        Permission.Pull => "pull",
        Permission.Push => "push",
        Permission.Delete => "delete",
        Permission.Catalog => "catalog",
        Permission.Maintain => "maintain",
        _ => null,
    };
}
