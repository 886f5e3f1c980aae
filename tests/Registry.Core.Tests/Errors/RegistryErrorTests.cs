using System.Reflection;
using Registry.Core.Errors;

namespace Registry.Core.Tests.Errors;

public class RegistryErrorTests
{
    // OCI distribution-spec, "Error Codes".
    private static readonly string[] SpecificationCodes =
    [
        "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID",
        "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS",
    ];

    [Fact]
    public void Every_code_is_one_of_the_specification() =>
        Assert.All(RegistryErrorCode.All, row => Assert.Contains(row.Code, SpecificationCodes));

    [Fact]
    public void The_list_of_all_rows_leaves_none_out()
    {
        var rows = typeof(RegistryErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.FieldType == typeof(RegistryErrorCode)).Select(field => (RegistryErrorCode)field.GetValue(null)!).ToList();
        Assert.Equal(rows, RegistryErrorCode.All);
    }

    [Fact]
    public void Every_row_has_an_error_status_and_a_sentence() => Assert.All(RegistryErrorCode.All, row =>
    {
        Assert.InRange(row.Status, 400, 599);
        Assert.NotEmpty(row.Message);
        Assert.False(row.Message.EndsWith('.'), row.Message);
    });

    [Theory]
    [InlineData("UNAUTHORIZED", 401, "authentication required")]
    [InlineData("DENIED", 403, "access forbidden")]
    [InlineData("MANIFEST_UNKNOWN", 404, "manifest unknown")]
    [InlineData("BLOB_UNKNOWN", 404, "blob unknown")]
    [InlineData("MANIFEST_BLOB_UNKNOWN", 400, "blob unknown")]
    public void The_messages_that_users_search_for_are_exact(string code, int status, string message) =>
        Assert.Contains(RegistryErrorCode.All, row => row.Code == code && row.Status == status && row.Message == message);

    [Fact]
    public void An_error_says_its_row_and_its_details()
    {
        Assert.Equal("404 BLOB_UNKNOWN \"blob unknown\"", ((RegistryError)RegistryErrorCode.BlobUnknown).ToString());
        Assert.Equal(
            "400 MANIFEST_BLOB_UNKNOWN \"blob unknown\": a; b",
            new RegistryError(RegistryErrorCode.ManifestBlobUnknown, ["a", "b"]).ToString());
        Assert.Equal(["x"], new RegistryError(RegistryErrorCode.BadRequest, "x").Details);
        Assert.Empty(new RegistryError(RegistryErrorCode.BadRequest).Details);
    }

    [Fact]
    public void A_result_is_a_value_or_an_error()
    {
        Result<int> value = 7;
        Assert.True(value.TryGet(out var number, out var none));
        Assert.Equal((7, null), (number, none));
        Assert.Equal(7, value.Value);

        Result<int> error = RegistryErrorCode.BlobUnknown;
        Assert.False(error.TryGet(out _, out var some));
        Assert.Same(RegistryErrorCode.BlobUnknown, some.Code);
        Assert.Throws<InvalidOperationException>(() => error.Value);
    }
}
