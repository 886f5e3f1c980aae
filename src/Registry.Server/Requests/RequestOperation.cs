namespace Registry.Server.Requests;

/// <summary>Operation of a request on the content of a repository, for logs and metrics.</summary>
internal enum RequestOperation
{
    /// <summary>No counted operation: listings, HEAD requests, the status of an upload.</summary>
    None,

    PullManifest,

    PullBlob,

    /// <summary>Begins an upload. Changes nothing yet, but a push without permission fails here.</summary>
    BeginUpload,

    PushBlob,

    MountBlob,

    PushManifest,

    DeleteManifest,

    DeleteTag,

    /// <summary>Sets a tag to a manifest that is stored already.</summary>
    RollBackTag,

    /// <summary>Takes a manifest out of the trash.</summary>
    RestoreManifest,

    /// <summary>Removes a manifest from the trash for ever, with what only it held.</summary>
    PurgeManifest,

    DeleteBlob,

    RenameRepository,

    DeleteRepository,

    /// <summary>Takes the manifests out of the trash that were deleted with their repository, or some of them.</summary>
    RestoreRepository,
}
