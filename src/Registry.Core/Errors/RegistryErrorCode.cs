namespace Registry.Core.Errors;

/// <summary>
/// The table of all error responses: one row for each case, with the code of the OCI distribution-spec ("Error Codes"; several cases
/// share one), the HTTP status, and the message that users search for.
/// </summary>
public sealed class RegistryErrorCode
{
    public static readonly RegistryErrorCode Unauthorized = new("UNAUTHORIZED", 401, "authentication required");
    public static readonly RegistryErrorCode Denied = new("DENIED", 403, "access forbidden");
    public static readonly RegistryErrorCode ImageNotSigned = new("DENIED", 403, "the image is not signed", tellsDetail: true);

    public static readonly RegistryErrorCode TooManyRequests =
        new("TOOMANYREQUESTS", 429, "too many passwords are being checked; try again later", isTransient: true);

    public static readonly RegistryErrorCode TooManyUploads =
        new("TOOMANYREQUESTS", 429, "too many uploads are in progress; finish or cancel some, or try again later", isTransient: true);

    public static readonly RegistryErrorCode UploadShareUsed =
        new("TOOMANYREQUESTS", 429, "too many of your uploads are in progress; finish or cancel some, or try again later", isTransient: true);

    public static readonly RegistryErrorCode MemoryShareUsed =
        new("TOOMANYREQUESTS", 429, "requests of this client hold too much of the registry's memory; finish some, or try again later", isTransient: true);

    public static readonly RegistryErrorCode NameInvalid = new("NAME_INVALID", 400, "invalid repository name");
    public static readonly RegistryErrorCode NameUnknown = new("NAME_UNKNOWN", 404, "repository name not known to registry");

    public static readonly RegistryErrorCode ManifestUnknown = new("MANIFEST_UNKNOWN", 404, "manifest unknown");
    public static readonly RegistryErrorCode ManifestInvalid = new("MANIFEST_INVALID", 400, "manifest invalid");
    public static readonly RegistryErrorCode TagInvalid = new("MANIFEST_INVALID", 400, "invalid tag");
    public static readonly RegistryErrorCode TooManyTags = new("MANIFEST_INVALID", 414, "too many tags in one request");
    public static readonly RegistryErrorCode ManifestTooLarge = new("MANIFEST_INVALID", 413, "manifest too large");
    public static readonly RegistryErrorCode PreconditionFailed = new("MANIFEST_INVALID", 412, "precondition failed");
    public static readonly RegistryErrorCode ManifestBlobUnknown = new("MANIFEST_BLOB_UNKNOWN", 400, "blob unknown");

    public static readonly RegistryErrorCode TagImmutable = new("DENIED", 409, "the tag is immutable", tellsDetail: true);
    public static readonly RegistryErrorCode QuotaExceeded = new("DENIED", 403, "the quota is exceeded", tellsDetail: true);
    public static readonly RegistryErrorCode RollbackImpossible = new("UNSUPPORTED", 409, "the tag cannot be set back");
    public static readonly RegistryErrorCode RenameImpossible = new("UNSUPPORTED", 409, "the repository cannot be renamed");
    public static readonly RegistryErrorCode RestoreImpossible = new("UNSUPPORTED", 409, "the manifest cannot be restored");

    public static readonly RegistryErrorCode JobImpossible = new("UNSUPPORTED", 409, "the job cannot be started");
    public static readonly RegistryErrorCode JobUnknown = new("UNSUPPORTED", 404, "no such job");

    public static readonly RegistryErrorCode EventsUnknown = new("UNSUPPORTED", 404, "no such endpoint of events");
    public static readonly RegistryErrorCode ChangesGone = new("UNSUPPORTED", 410, "the changes after this position are not known");

    public static readonly RegistryErrorCode BlobUnknown = new("BLOB_UNKNOWN", 404, "blob unknown");
    public static readonly RegistryErrorCode BlobInUse = new("UNSUPPORTED", 405, "blob is needed by manifests of this repository; delete those first");
    public static readonly RegistryErrorCode RangeNotSatisfiable = new("UNSUPPORTED", 416, "requested range not satisfiable");

    public static readonly RegistryErrorCode DigestInvalid = new("DIGEST_INVALID", 400, "invalid digest");
    public static readonly RegistryErrorCode DigestMismatch = new("DIGEST_INVALID", 400, "provided digest did not match uploaded content");
    public static readonly RegistryErrorCode BlobTooLarge = new("SIZE_INVALID", 413, "blob too large");

    public static readonly RegistryErrorCode BodyTooSlow = new("SIZE_INVALID", 408, "the request body arrived too slowly");

    public static readonly RegistryErrorCode UploadUnknown = new("BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry");
    public static readonly RegistryErrorCode UploadInvalid = new("BLOB_UPLOAD_INVALID", 400, "blob upload invalid");
    public static readonly RegistryErrorCode UploadOutOfOrder = new("BLOB_UPLOAD_INVALID", 416, "chunk is out of order");
    public static readonly RegistryErrorCode UploadInUse = new("BLOB_UPLOAD_INVALID", 409, "another request is using this upload", isTransient: true);
    public static readonly RegistryErrorCode UploadTakenOver = new("BLOB_UPLOAD_INVALID", 409, "another request has continued this upload");

    public static readonly RegistryErrorCode NotFound = new("UNSUPPORTED", 404, "no such endpoint");
    public static readonly RegistryErrorCode MethodNotAllowed = new("UNSUPPORTED", 405, "the method is not allowed here");
    public static readonly RegistryErrorCode PageSizeInvalid = new("UNSUPPORTED", 400, "invalid page size");
    public static readonly RegistryErrorCode BadRequest = new("UNSUPPORTED", 400, "malformed request");
    public static readonly RegistryErrorCode RequestTooLarge = new("UNSUPPORTED", 413, "request body too large");
    public static readonly RegistryErrorCode MediaTypeUnsupported = new("UNSUPPORTED", 415, "media type of the request body not supported");
    public static readonly RegistryErrorCode TransferCodingUnsupported = new("UNSUPPORTED", 501, "transfer coding not supported");

    public static readonly RegistryErrorCode NotReady = new("TOOMANYREQUESTS", 503, "the registry is indexing its storage; try again later", isTransient: true);
    public static readonly RegistryErrorCode MemoryUsed =
        new("TOOMANYREQUESTS", 503, "the registry's memory for requests is used up; try again later", isTransient: true);
    public static readonly RegistryErrorCode ReadOnly = new("UNSUPPORTED", 405, "the registry is read-only; pulls work, pushes and deletes do not");
    public static readonly RegistryErrorCode Mirrored = new("UNSUPPORTED", 405, "the repository is a mirror; push to another name");
    public static readonly RegistryErrorCode UpstreamAway =
        new("UNSUPPORTED", 502, "the upstream of this mirror has not given it; try again later", isTransient: true);
    public static readonly RegistryErrorCode TooManyFetches =
        new("TOOMANYREQUESTS", 429, "too many of your fetches from upstreams are under way; try again later", isTransient: true);
    public static readonly RegistryErrorCode StorageFailed =
        new("UNSUPPORTED", 503, "the registry cannot write to its storage; see the server log", isTransient: true);
    public static readonly RegistryErrorCode StorageFull = new("UNSUPPORTED", 507, "no space left on device: the registry's storage is full");
    public static readonly RegistryErrorCode InternalError =
        new("UNSUPPORTED", 500, "internal error; see the server log");

    /// <summary>Every row, in the order of the table.</summary>
    public static readonly IReadOnlyList<RegistryErrorCode> All =
    [
        Unauthorized, Denied, ImageNotSigned, TooManyRequests, TooManyUploads, UploadShareUsed, MemoryShareUsed, NameInvalid, NameUnknown, ManifestUnknown, ManifestInvalid, TagInvalid, TooManyTags, ManifestTooLarge,
        PreconditionFailed, ManifestBlobUnknown, TagImmutable, QuotaExceeded, RollbackImpossible, RenameImpossible, RestoreImpossible, JobImpossible, JobUnknown, EventsUnknown, ChangesGone, BlobUnknown, BlobInUse, RangeNotSatisfiable, DigestInvalid, DigestMismatch,
        BlobTooLarge, BodyTooSlow, UploadUnknown, UploadInvalid, UploadOutOfOrder, UploadInUse, UploadTakenOver, NotFound, MethodNotAllowed, PageSizeInvalid, BadRequest, RequestTooLarge, MediaTypeUnsupported,
        TransferCodingUnsupported, NotReady, MemoryUsed, ReadOnly, Mirrored, UpstreamAway, TooManyFetches, StorageFailed,
        StorageFull, InternalError,
    ];

    private RegistryErrorCode(string code, int status, string message, bool isTransient = false, bool tellsDetail = false)
    {
        Code = code;
        Status = status;
        Message = message;
        IsTransient = isTransient;
        TellsDetail = tellsDetail;
    }

    /// <summary>Error code, which clients act on.</summary>
    public string Code { get; }

    /// <summary>HTTP status of the response.</summary>
    public int Status { get; }

    /// <summary>Message for people.</summary>
    public string Message { get; }

    /// <summary>True when the same request may succeed some seconds later, so the response has <c>Retry-After</c> (RFC 9110, section 10.2.3).</summary>
    public bool IsTransient { get; }

    /// <summary>True when the message of a response also has the detail: docker prints nothing else, and the detail tells its user what to do.</summary>
    public bool TellsDetail { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Status} {Code} \"{Message}\"";
}
