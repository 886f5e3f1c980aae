using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;

namespace Registry.Storage.S3.Requests;

/// <summary>Fault of the store, or of the way to it.</summary>
/// <param name="Reason">What happened, as the end of a sentence about the bucket.</param>
/// <param name="IsTransient">True if the same request may succeed soon.</param>
/// <param name="IsFull">True if the quota of the bucket or user is used up.</param>
internal sealed record S3Fault(string Reason, bool IsTransient, bool IsFull = false)
{
    /// <summary>True if the store, or a proxy before it, has not answered.</summary>
    public bool IsSilent { get; private init; }

    /// <summary>True if the credentials lack a right.</summary>
    public bool IsDenied { get; private init; }

    /// <summary>The fault for metrics.</summary>
    public S3Result Result { get; private init; } = S3Result.NoAnswer;

    /// <summary>Finds the fault behind an exception.</summary>
    /// <returns>Null for an exception that no fault of the store explains.</returns>
    public static S3Fault? Of(Exception exception) => exception switch
    {
        S3Error error => OfAnswer(error.Status, error.Code, error.Message),
        DeleteObjectsException { Response.DeleteErrors: [var first, ..] } => OfAnswer(HttpStatusCode.Forbidden, first.Code, first.Message),
        AmazonServiceException { InnerException: HttpRequestException or IOException or TimeoutException or OperationCanceledException } inner => Of(inner.InnerException!),
        AmazonServiceException error when error.StatusCode != 0 => OfAnswer(error.StatusCode, error.ErrorCode ?? string.Empty, error.Message),
        AmazonServiceException => Silent($"sent no valid answer: {Sentence(exception.Message)}"),
        AmazonClientException => new($"gets no credentials: {Sentence(exception.Message)}. Set an access key, or give the process a role", IsTransient: false),
        HttpRequestException { InnerException: AuthenticationException tls } => new(
            $"is not trusted: {Sentence((tls.InnerException ?? tls).Message)}. Check the address and the CA bundle of S3", IsTransient: false),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => Silent("cannot be reached: its host name has no address"),
        HttpRequestException { InnerException: SocketException socket } => Silent($"cannot be reached: {Sentence(socket.Message)}"),
        HttpRequestException or IOException => Silent($"broke the connection off: {Sentence((exception.InnerException ?? exception).Message)}"),
        OperationCanceledException or TimeoutException => Silent("does not answer"),
        _ => null,
    };

    /// <summary>True for an answer that the store gives while it is busy or broken (Amazon S3 API, "List of error codes").</summary>
    public static bool IsTransientAnswer(HttpStatusCode status, string code) =>
        (int)status is >= 500 and not (501 or 505 or 507) || (int)status is 408 or 429 || code is "RequestTimeout" or "RequestTimeTooSkewed" or "OperationAborted";

    private static S3Fault OfAnswer(HttpStatusCode status, string code, string message) => Describe(status, code, message) with { Result = ResultOf(status, code) };

    private static S3Result ResultOf(HttpStatusCode status, string code) => (int)status switch
    {
        404 => S3Result.NotFound,
        429 => S3Result.Throttled,
        503 when code is "SlowDown" or "RequestLimitExceeded" => S3Result.Throttled,
        >= 500 => S3Result.ServerError,
        _ => S3Result.ClientError,
    };

    private static S3Fault Describe(HttpStatusCode status, string code, string message)
    {
        var told = $"{(int)status}{(code.Length > 0 ? $" {code}" : string.Empty)}{(message.Length > 0 && message != code ? $", {Sentence(message)}" : string.Empty)}";
        if (IsTransientAnswer(status, code))
        {
            return new($"has answered {told}", IsTransient: true);
        }

        return code switch
        {
            "NoSuchBucket" => new("does not exist. Create it, or correct its name", IsTransient: false),
            "InvalidAccessKeyId" => new("is closed to an access key that the store does not know. Check the access key, and that the endpoint is the store that issued it", IsTransient: false),
            "SignatureDoesNotMatch" => new("is closed: the signature is wrong. Check the secret key and the region", IsTransient: false),
            "ExpiredToken" or "InvalidToken" => new($"is closed: the credentials have expired ({told})", IsTransient: false),
            "AccessDenied" or "AllAccessDisabled" => new(
                $"is closed to the access key ({told}). Allow it to list the bucket, and to read, write and delete the objects below the prefix", IsTransient: false)
            {
                IsDenied = true,
            },
            "AuthorizationHeaderMalformed" or "PermanentRedirect" or "AuthorizationQueryParametersError" => new($"is in another region ({told}). Correct the region", IsTransient: false),
            "QuotaExceeded" or "EntityTooLarge" => new($"is full: {told}", IsTransient: false, IsFull: code == "QuotaExceeded"),
            _ => new($"has answered {told}", IsTransient: false),
        };
    }

    private static S3Fault Silent(string reason) => new(reason, IsTransient: true) { IsSilent = true };

    // Messages become parts of sentences.
    private static string Sentence(string message) => message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
}
