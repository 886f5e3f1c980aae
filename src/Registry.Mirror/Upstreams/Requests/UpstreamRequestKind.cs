namespace Registry.Mirror.Upstreams.Requests;

/// <summary>What a request to an upstream asks for.</summary>
internal enum UpstreamRequestKind
{
    /// <summary>A manifest, or whether there is one.</summary>
    Manifest,

    /// <summary>A blob, or its size.</summary>
    Blob,

    /// <summary>A page of tags.</summary>
    Tags,

    /// <summary>A page of referrers.</summary>
    Referrers,
}
