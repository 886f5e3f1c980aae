using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Registry.Core.Errors;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Web.Sessions;

/// <summary>Reads the forms of pages, which have the token of their browser.</summary>
/// <param name="bodies">Budget of request bodies.</param>
/// <param name="maxTime">Time in which a form must be complete.</param>
internal sealed class FormReader(MemoryBudget bodies, TimeSpan maxTime)
{
    private const int MaxForm = 16 * 1024;
    private const string FormType = "application/x-www-form-urlencoded";

    /// <summary>Reads a form.</summary>
    /// <returns>Its fields; or 400, 403, 413, 415 or an error of the memory.</returns>
    /// <exception cref="BodyStoppedException">The body took too long, or its memory is needed for other clients.</exception>
    public async Task<Result<IReadOnlyDictionary<string, string>>> ReadAsync(RequestContext request)
    {
        if (!(request.Request.ContentType ?? string.Empty).Split(';')[0].Trim().Equals(FormType, StringComparison.OrdinalIgnoreCase))
        {
            return new RegistryError(RegistryErrorCode.MediaTypeUnsupported, $"a form has the type {FormType}");
        }

        if (!(await BodyReading.ReadAsync(request, bodies, MaxForm, RegistryErrorCode.RequestTooLarge, maxTime)).TryGet(out var body, out var unread))
        {
            return unread;
        }

        Dictionary<string, StringValues> form;
        using (body)
        {
            try
            {
                form = QueryHelpers.ParseQuery(Encoding.UTF8.GetString(body.Bytes.Span));
            }
            catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
            {
                return new RegistryError(RegistryErrorCode.BadRequest, "the form has too many fields");
            }
        }

        if (form.FirstOrDefault(field => field.Value.Count > 1).Key is { } twice)
        {
            return new RegistryError(RegistryErrorCode.BadRequest, $"the form has the field '{(twice.Length > 80 ? $"{twice[..80]}…" : twice)}' more than once");
        }

        return FormTokens.Matches(request, form.GetValueOrDefault("token").ToString())
            ? form.ToDictionary(field => field.Key, field => field.Value.ToString())
            : new RegistryError(
                RegistryErrorCode.Denied, "the form is not of this log-in, or the browser keeps no cookies; open the page again, and repeat it there");
    }
}
