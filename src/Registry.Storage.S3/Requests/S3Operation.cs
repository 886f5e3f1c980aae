namespace Registry.Storage.S3.Requests;

/// <summary>Kind of a request to the store, for metrics.</summary>
internal enum S3Operation
{
    /// <summary>Reads bytes of an object.</summary>
    Get,

    /// <summary>Asks for the size of an object.</summary>
    Head,

    /// <summary>Sends an object as a whole.</summary>
    Put,

    /// <summary>Sends a part of a multipart upload.</summary>
    Part,

    /// <summary>Begins a multipart upload.</summary>
    Create,

    /// <summary>Joins the parts of a multipart upload.</summary>
    Complete,

    /// <summary>Ends a multipart upload without an object.</summary>
    Abort,

    /// <summary>Deletes up to 1,000 objects.</summary>
    Delete,

    /// <summary>Lists a page of keys.</summary>
    List,
}
