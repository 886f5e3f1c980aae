namespace Registry.Server.Routing;

/// <summary>What a request does to the content of a repository, as logs and metrics name it.</summary>
internal enum RequestOperation
{
    /// <summary>Nothing that is counted: listings, heads, the status of an upload.</summary>
    None,

    PullManifest,

    PullBlob,

    /// <summary>Begins an upload. Changes nothing yet, but this is where a push by somebody who may not push ends.</summary>
    BeginUpload,

    PushBlob,

    MountBlob,

    PushManifest,

    DeleteManifest,

    DeleteTag,

    DeleteBlob,
}
