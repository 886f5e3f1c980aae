using System.Net;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.Uploads;

namespace Registry.Storage.Contracts;

/// <summary>Begins uploads for a caller on this machine, for tests that do not test shares.</summary>
internal static class UploadExtensions
{
    private static readonly ClientNetwork Here = ClientNetwork.Of(IPAddress.Loopback);

    public static async Task<UploadSession> CreateAsync(this UploadStore uploads, RepositoryName repository, string? owner, DigestAlgorithm algorithm) =>
        Assert.IsType<UploadSession>((await uploads.BeginAsync(repository, owner, Here, algorithm)).Value);

    public static Task<Result<UploadSession>> BeginAsync(this UploadOperations uploads, RepositoryName repository, string? owner, DigestAlgorithm algorithm) =>
        uploads.BeginAsync(repository, owner, Here, algorithm);
}
